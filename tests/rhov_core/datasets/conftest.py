import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for folders
sys.path.insert(0, str(Path(__file__).parents[1] / "hand"))  # for mano_layout

import mano_layout


@pytest.fixture(scope="session")
def mano_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("mano") / "MANO_RIGHT.pkl"
    mano_layout.write_published(path, mano_layout.made_up_arrays(np.random.default_rng(0)))
    return path
