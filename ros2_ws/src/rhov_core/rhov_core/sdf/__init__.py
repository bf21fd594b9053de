"""Signed distance to a mesh, sampled on a grid."""

from rhov_core.sdf.grid import SignedDistanceGrid

__all__ = ["SignedDistanceGrid"]
