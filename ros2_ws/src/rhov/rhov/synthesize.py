"""Rendering clips with truth from the command line."""

from __future__ import annotations

from pathlib import Path

from rhov.stages import StageProgress
from rhov_core.errors import InputError
from rhov_core.synth import ClipSpec, RenderedClip, suite, synthesize


def range_from_text(text: str) -> tuple[float, float]:
    """A range such as "0.2,0.4".

    Raises:
        InputError: If the text is not two numbers.
    """
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"the occlusion is '{text}'", "two numbers such as 0.2,0.4", "correct --occlusion") from None
    return low, high


def render_clip(spec: ClipSpec, out: Path) -> str:
    """Renders one clip into a folder and returns what to do with it."""
    with StageProgress() as progress:
        clip = _rendered(spec, out, progress)
    box = ",".join(map(str, clip.box))
    return f"{clip.video}: start with --mesh {clip.mesh} --camera {clip.camera} --box {box}; truth in {clip.truth}"


def render_suite(name: str, index: int | None, out: Path) -> str:
    """Renders the clips of a suite, or one of them, each into a folder of its own; those that are there stay.

    Args:
        name: dev, test or quick.
        index: Of one clip, from 0; None: all.
        out: Folder of the folders.

    Raises:
        InputError: If there is no such suite or clip.
    """
    specs = suite("dev", quick=True) if name == "quick" else suite(name)
    if index is not None and not 0 <= index < len(specs):
        raise InputError(f"clip {index} of the suite {name} was asked for", f"0 to {len(specs) - 1}", "correct --clip")
    chosen = specs if index is None else specs[index : index + 1]
    with StageProgress() as progress:
        for spec in chosen:
            _rendered(spec, out / spec.name, progress)
    return f"{len(chosen)} of {len(specs)} clips in {out}"


def _rendered(spec: ClipSpec, folder: Path, progress: StageProgress) -> RenderedClip:
    clip = synthesize(spec, folder, progress=lambda fraction: progress.update(spec.name, fraction))
    progress.done(spec.name)
    return clip
