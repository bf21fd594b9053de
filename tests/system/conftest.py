"""A short rendered clip that the whole-chain tests share."""

from pathlib import Path

import pytest

from rhov_core.synth import ClipSpec, RenderedClip, synthesize

FRAMES = 36


@pytest.fixture(scope="session")
def rendered_clip(tmp_path_factory: pytest.TempPathFactory) -> RenderedClip:
    """A hand that carries a printed carton, with truth; nothing in it is hard, as the chain is what is tested."""
    folder: Path = tmp_path_factory.mktemp("clip")
    return synthesize(ClipSpec("carton", 4, action="carry", frames=FRAMES, occlusion=(0.0, 0.2)), folder)
