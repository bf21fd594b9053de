"""A training is gone on with by the same settings only; one of an earlier version had the defaults of what is new."""

from dataclasses import asdict, replace

import pytest

from franka_imitation.learning.curriculum import Curriculum
from franka_imitation.learning.settings_file import SETTINGS, claim, fingerprint, flat
from franka_imitation.learning.train_config import TrainConfig
from rhov_core.errors import InputError
from rhov_core.files import read_json, write_json

DEFAULTS = flat(asdict(TrainConfig()))


def test_what_an_earlier_version_did_not_name_had_its_default(tmp_path, carried_box, box):
    def settings(config):
        return fingerprint(carried_box, box, asdict(config), None)

    config = TrainConfig(seed=4)
    claim(tmp_path, settings(config), DEFAULTS)
    claim(tmp_path, settings(replace(config, threads=7)), DEFAULTS)
    older = read_json(tmp_path / SETTINGS)
    new = [name for name in older if name.startswith(("curriculum.", "refine."))]
    assert len(new) > 5
    write_json(tmp_path / SETTINGS, {name: value for name, value in older.items() if name not in new})
    claim(tmp_path, settings(config), DEFAULTS)
    with pytest.raises(InputError, match=r"curriculum\.length"):
        claim(tmp_path, settings(replace(config, curriculum=Curriculum(length=0.5))), DEFAULTS)
    with pytest.raises(InputError, match="seed"):
        claim(tmp_path, settings(TrainConfig()), DEFAULTS)
