"""A short rendered clip that the whole-chain tests share."""

from pathlib import Path

import pytest

from rhov_core.object_model import ObjectModel
from rhov_core.synth import RenderedClip, synthesize_clip

FRAMES = 36


@pytest.fixture(scope="session")
def rendered_clip(tmp_path_factory: pytest.TempPathFactory) -> RenderedClip:
    """A hand that turns a printed carton, with truth."""
    folder: Path = tmp_path_factory.mktemp("clip")
    return synthesize_clip(ObjectModel.box((0.05, 0.07, 0.15), "carton"), 1, folder, FRAMES)
