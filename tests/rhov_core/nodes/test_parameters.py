from dataclasses import dataclass
from typing import Literal

import pytest
from rcl_interfaces.msg import ParameterType
from rclpy.node import Node
from rclpy.parameter import Parameter

from rhov_core.config import check_ranges, setting
from rhov_core.errors import InputError
from rhov_core.nodes import declare_config
from rhov_core.nodes.parameters import refuse_unknown_parameters


@dataclass(frozen=True)
class Config:
    band: int = setting(11, "how far the border may move [pixel]", low=1, high=100)
    weight: float = setting(0.5, "weight of the contour", low=0.0)
    method: Literal["plan", "train"] = setting("plan", "how the motion is found")
    video_path: str = setting("", "video file")
    enabled: bool = setting(True, "whether it runs")
    box: tuple[int, ...] = setting((), "x, y, width, height [pixel]")
    gains: tuple[float, ...] = setting((1.0, 2.0), "gains")

    def __post_init__(self) -> None:
        check_ranges(self)


def make(ros, **given):
    overrides = [Parameter(name.replace("__", "."), value=value) for name, value in given.items()]
    return ros.add(Node("tracker", parameter_overrides=overrides))


def test_defaults_types_and_help_come_from_the_dataclass(ros):
    node = make(ros)
    assert declare_config(node, Config) == Config()
    band = node.describe_parameter("band")
    assert (band.type, band.read_only) == (ParameterType.PARAMETER_INTEGER, True)
    assert band.description == "how far the border may move [pixel]"
    assert (band.integer_range[0].from_value, band.integer_range[0].to_value) == (1, 100)
    weight = node.describe_parameter("weight").floating_point_range[0]
    assert (weight.from_value, weight.to_value) == (0.0, float("inf"))
    assert node.describe_parameter("box").type == ParameterType.PARAMETER_INTEGER_ARRAY
    assert "plan, train" in node.describe_parameter("method").additional_constraints


def test_values_given_to_the_node_win(ros):
    node = make(ros, band=20, weight=2, method="train", box=[1, 2, 3, 4], enabled=False, gains=[3, 4])
    config = declare_config(node, Config)
    assert config == Config(20, 2.0, "train", "", False, (1, 2, 3, 4), (3.0, 4.0))
    assert isinstance(config.weight, float)
    assert node.get_parameter("weight").value == 2.0
    assert list(node.get_parameter("box").value) == [1, 2, 3, 4]


def test_a_prefix_separates_components(ros):
    node = make(ros, tracker__band=20)
    assert declare_config(node, Config, "tracker").band == 20
    assert declare_config(node, Config, "joint").band == 11
    refuse_unknown_parameters(node)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("band", 0, "1 to 100"),
        ("band", 1.5, "type int"),
        ("band", True, "type int"),
        ("weight", -0.1, "0.0 to inf"),
        ("weight", float("nan"), "0.0 to inf"),
        ("weight", "heavy", "type float"),
        ("method", "guess", "'plan' or 'train'"),
        ("enabled", "yes", "type bool"),
        ("box", 5, "list of int"),
        ("box", [1.5], "type int"),
    ],
)
def test_bad_values_are_refused(ros, name, value, says):
    with pytest.raises(InputError, match=name) as caught:
        declare_config(make(ros, **{name: value}), Config)
    assert says in caught.value.accepted


def test_unknown_names_are_refused_but_not_those_of_ros(ros):
    node = make(ros, use_sim_time=False)
    declare_config(node, Config)
    refuse_unknown_parameters(node)
    node = make(ros, bnad=3)
    declare_config(node, Config)
    with pytest.raises(InputError, match=r"'bnad' is no parameter of tracker.*band, box"):
        refuse_unknown_parameters(node)


def test_parameters_cannot_be_changed_while_the_node_runs(ros):
    node = make(ros)
    declare_config(node, Config)
    assert not node.set_parameters([Parameter("band", value=12)])[0].successful
