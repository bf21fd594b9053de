"""Rasteriser and differentiable renderer of triangle meshes, on the CPU."""

from rhov_core.render.differentiable import Rendered, render
from rhov_core.render.rasterizer import NEAR, rasterize

__all__ = ["NEAR", "Rendered", "rasterize", "render"]
