"""Configurations: ranges, conversion and refusals."""

from dataclasses import dataclass

import pytest

from rhov_core.config import check_ranges, from_mapping, setting
from rhov_core.errors import InputError


@dataclass(frozen=True)
class Example:
    band: int = setting(11, "width of the band [pixel]", low=1)
    weight: float = setting(0.5, "weight", low=0.0, high=1.0)
    gain: float = setting(2.0, "gain")
    name: str = setting("a", "name")
    smooth: bool = setting(True, "whether to smooth")

    def __post_init__(self) -> None:
        check_ranges(self)


def test_defaults_and_conversion():
    assert from_mapping(Example, {}) == Example()
    made = from_mapping(Example, {"band": 3, "weight": 1, "name": "b", "smooth": False})
    assert made == Example(band=3, weight=1.0, name="b", smooth=False)
    assert isinstance(made.weight, float)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"bandwidth": 3}, "'bandwidth' is no setting of Example; accepted is band, gain"),
        ({"band": 0}, "band is 0; accepted is 1 to inf"),
        ({"weight": 1.5}, "weight is 1.5; accepted is 0.0 to 1.0"),
        ({"weight": -0.1}, "weight"),
        ({"weight": float("nan")}, "weight"),
        ({"gain": float("nan")}, "gain"),
        ({"gain": float("inf")}, "gain"),
        ({"band": 3.5}, "band is 3.5; accepted is a value of type int"),
        ({"band": True}, "band is True"),
        ({"weight": "1"}, "weight is '1'"),
        ({"weight": True}, "weight is True"),
        ({"smooth": 1}, "smooth is 1"),
        ({"name": 3}, "name is 3"),
    ],
)
def test_refusals(values, message):
    with pytest.raises(InputError, match=message):
        from_mapping(Example, values)


def test_ranges_hold_for_direct_construction_too():
    with pytest.raises(InputError, match="band is 0"):
        Example(band=0)
