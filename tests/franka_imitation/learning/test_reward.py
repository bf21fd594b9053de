"""The reward of the paper, term by term, against numbers worked out by hand."""

import math
from dataclasses import fields, replace

import pytest
import torch

from franka_imitation.learning.reward import (
    ABLATIONS,
    ImitationWeights,
    InitialWeights,
    RewardConfig,
    RewardState,
    reward_terms,
)
from rhov_core.errors import InputError

ONES = RewardConfig(
    initial=InitialWeights(*[1.0] * len(fields(InitialWeights))),
    imitation=ImitationWeights(*[1.0] * len(fields(ImitationWeights))),
    initial_scale=1.0,
    imitation_scale=1.0,
)


def state(**changes):
    def row(*values):
        return torch.tensor([values], dtype=torch.float64)

    plain = RewardState(
        started=torch.tensor([False]),
        fingers=torch.tensor([[[0.0, 0.06, 0.0], [0.0, 0.0, -0.21]]], dtype=torch.float64),
        object_position=row(0.0, 0.0, 0.0),
        height=torch.tensor([0.05], dtype=torch.float64),
        error=row(0.03, 0.0, 0.04, 0.0, 0.5, 0.0),
        velocity_error=row(0.0, 0.1, 0.0, 0.0, 0.0, 2.0),
        position_matched=torch.tensor([True]),
        rotation_matched=torch.tensor([False]),
        matched_fraction=torch.tensor([0.25], dtype=torch.float64),
        just_matched=torch.tensor([True]),
        action=torch.full((1, 8), 0.5, dtype=torch.float64),
    )
    return replace(plain, **changes)


def test_the_initial_terms():
    terms = {name: float(value) for name, value in reward_terms(state(), ONES).items()}
    assert terms["initial/left_finger"] == pytest.approx(1 / 0.1)
    assert terms["initial/right_finger"] == pytest.approx(1 / 0.25)
    assert terms["initial/lifted"] == 1
    assert terms["initial/position"] == pytest.approx(0.05)
    assert terms["initial/rotation"] == pytest.approx(0.5)
    assert (terms["initial/position_bonus"], terms["initial/rotation_bonus"]) == (1, 0)
    assert terms["initial/action"] == pytest.approx(0.25)
    assert all(value == 0 for name, value in terms.items() if name.startswith("imitation/"))


def test_an_object_on_the_table_earns_nothing_for_its_pose():
    terms = reward_terms(state(height=torch.tensor([0.001], dtype=torch.float64)), ONES)
    for name in ("lifted", "position", "rotation", "position_bonus", "rotation_bonus"):
        assert float(terms[f"initial/{name}"]) == 0


def test_the_imitation_terms():
    terms = {name: float(v) for name, v in reward_terms(state(started=torch.tensor([True])), ONES).items()}
    assert terms["imitation/position"] == pytest.approx(math.exp(-400 * 0.0025))
    assert terms["imitation/rotation"] == pytest.approx(math.exp(-6 * 0.25))
    assert terms["imitation/linear_velocity"] == pytest.approx(math.exp(-20 * 0.01))
    assert terms["imitation/angular_velocity"] == pytest.approx(math.exp(-0.5 * 4))
    assert terms["imitation/position_bonus"] == 1
    assert terms["imitation/rotation_bonus"] == 0
    assert terms["imitation/linear_velocity_bonus"] == 0
    assert terms["imitation/matched_fraction"] == 0.25
    assert terms["imitation/matched_bonus"] == 1
    assert all(value == 0 for name, value in terms.items() if name.startswith("initial/"))


@pytest.mark.parametrize("far", [(0.3, 0, 0.04, 0, 0.5, 0), (0.03, 0, 0.04, 0, 3.0, 0)])
def test_lifting_and_coming_nearer_in_position_or_rotation_pay(far):
    config = RewardConfig()
    nearer, lifted = state(), state(error=torch.tensor([far], dtype=torch.float64))
    lying = replace(lifted, height=torch.zeros(1, dtype=torch.float64))
    earned = [float(sum(reward_terms(what, config).values())) for what in (nearer, lifted, lying)]
    assert earned[0] > earned[1] > earned[2]


@pytest.mark.parametrize("what", ABLATIONS)
def test_ablations_leave_out_what_they_say(what):
    started = state(started=torch.tensor([True]))
    full, without = reward_terms(started, RewardConfig()), reward_terms(started, RewardConfig().without(what))
    for name in full:
        if name.startswith("imitation/"):
            assert float(without[name]) == (0 if what in name else float(full[name]))


def test_an_unknown_ablation_is_refused():
    with pytest.raises(InputError, match="gravity"):
        RewardConfig().without("gravity")
