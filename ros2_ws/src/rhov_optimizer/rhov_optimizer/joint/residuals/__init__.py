"""What the Gauss-Newton stage compares: each module adds one kind of residual to the clip's normal equations."""
