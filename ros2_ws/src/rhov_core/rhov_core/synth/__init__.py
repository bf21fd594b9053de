"""Rendered clips of a hand that moves an object, with exact truth."""

from rhov_core.synth.clip import RenderedClip, synthesize_clip

__all__ = ["RenderedClip", "synthesize_clip"]
