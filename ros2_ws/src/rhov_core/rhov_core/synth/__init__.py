"""Rendered clips of a hand that does something with an object, with exact truth."""

from rhov_core.synth.clip import RenderedClip, synthesize
from rhov_core.synth.objects import OBJECTS, SynthObject, synth_object
from rhov_core.synth.suite import ACTIONS, ClipSpec, suite

__all__ = ["ACTIONS", "OBJECTS", "ClipSpec", "RenderedClip", "SynthObject", "suite", "synth_object", "synthesize"]
