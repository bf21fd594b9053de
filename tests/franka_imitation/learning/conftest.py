"""What the tests of learning share: the carried box's workshop."""

import pytest

from franka_imitation.config import ImitationConfig
from franka_imitation.learning.workshop import Workshop


@pytest.fixture(scope="session")
def workshop(carried_box, box, carried_box_result) -> Workshop:
    return Workshop(carried_box, box, carried_box_result.plan, ImitationConfig())
