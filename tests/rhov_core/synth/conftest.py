import sys
from pathlib import Path

import pytest

from rhov_core.synth import ClipSpec, synthesize

sys.path.insert(0, str(Path(__file__).parent))  # for small_clip
from small_clip import SPEC, load


@pytest.fixture(scope="session")
def picked(tmp_path_factory):
    return load(synthesize(SPEC, tmp_path_factory.mktemp("clip")))


@pytest.fixture(scope="session")
def left(tmp_path_factory):
    """A left hand turns a can; the hand is on it from the first frame."""
    spec = ClipSpec("can", 5, action="turn", frames=8, side="left", image_size=(320, 240))
    return load(synthesize(spec, tmp_path_factory.mktemp("left")))
