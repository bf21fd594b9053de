"""The terms of the joint optimisation, one module each."""
