"""Fitting the pose of a mesh to what one image shows of it: contour and point residuals, Gauss-Newton."""
