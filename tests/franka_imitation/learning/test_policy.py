"""The policy's files: the same actions everywhere, nothing executed, damage refused in one sentence."""

import json

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file, save_file

from franka_imitation.learning.config import TaskConfig
from franka_imitation.learning.export import ONNX, TORCHSCRIPT, export_policy
from franka_imitation.learning.observation import GUIDED_SIZE
from franka_imitation.learning.policy import DESCRIPTION, HIDDEN, WEIGHTS, Policy, PolicyNetwork
from rhov_core.errors import InputError


@pytest.fixture
def policy():
    torch.manual_seed(0)
    network = PolicyNetwork(GUIDED_SIZE)
    network.normalise(3 + 2 * torch.randn(200, GUIDED_SIZE))
    return Policy(network.eval(), TaskConfig(max_position_error=0.02), "panda", "box")


@pytest.fixture
def observation():
    return 3 + 5 * torch.randn(7, GUIDED_SIZE, generator=torch.Generator().manual_seed(1))


def test_it_has_three_hidden_layers(policy):
    linear = [layer for layer in policy.network.layers if isinstance(layer, torch.nn.Linear)]
    assert [layer.out_features for layer in linear] == [*HIDDEN, 8]
    assert len(HIDDEN) == 3


def test_what_is_saved_is_loaded(policy, observation, tmp_path):
    policy.save(tmp_path)
    again = Policy.load(tmp_path)
    assert torch.equal(again(observation), policy(observation))
    assert (again.task, again.robot, again.object_name) == (policy.task, "panda", "box")


def test_the_exports_act_like_the_policy(policy, observation, tmp_path):
    with torch.no_grad():
        policy.network.layers[-1].weight *= 20  # so that some actions reach their limits
    export_policy(policy.network, tmp_path)
    wanted = policy(observation).numpy()
    assert (np.abs(wanted) == 1).any()  # limited, as the exports must be
    script = torch.jit.load(str(tmp_path / TORCHSCRIPT))
    assert np.allclose(script(observation).numpy(), wanted, atol=1e-6)
    session = onnxruntime.InferenceSession(str(tmp_path / ONNX), providers=["CPUExecutionProvider"])
    assert np.allclose(session.run(["action"], {"observation": observation.numpy()})[0], wanted, atol=1e-5)


def no_description(folder):
    (folder / DESCRIPTION).unlink()


def no_weights(folder):
    (folder / WEIGHTS).unlink()


def cut_weights(folder):
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:500])


def pickled_weights(folder):
    torch.save({"layers.0.weight": torch.zeros(3)}, folder / WEIGHTS)


def other_schema(folder):
    content = json.loads((folder / DESCRIPTION).read_text())
    (folder / DESCRIPTION).write_text(json.dumps({**content, "schema": 99}))


def other_observation(folder):
    content = json.loads((folder / DESCRIPTION).read_text())
    content["task"]["observation"] = "paper"
    (folder / DESCRIPTION).write_text(json.dumps(content))


def weights_of_nan(folder):
    weights = load_file(str(folder / WEIGHTS))
    weights["layers.0.bias"][0] = torch.nan
    save_file(weights, str(folder / WEIGHTS))


@pytest.mark.parametrize(
    "damage",
    [no_description, no_weights, cut_weights, pickled_weights, other_schema, other_observation, weights_of_nan],
)
def test_damage_is_refused(policy, tmp_path, damage):
    policy.save(tmp_path)
    damage(tmp_path)
    with pytest.raises(InputError) as refusal:
        Policy.load(tmp_path)
    assert "\n" not in str(refusal.value)
