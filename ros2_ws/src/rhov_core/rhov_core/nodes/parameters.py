"""ROS parameters declared from a configuration dataclass: the dataclass stays the only source of defaults."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter

from rhov_core.config import from_mapping
from rhov_core.errors import InputError

T = TypeVar("T")

_EMPTY = {
    bool: Parameter.Type.BOOL_ARRAY,
    int: Parameter.Type.INTEGER_ARRAY,
    float: Parameter.Type.DOUBLE_ARRAY,
    str: Parameter.Type.STRING_ARRAY,
}
_OF_ROS = ("use_sim_time", "start_type_description_service", "qos_overrides.")
_INT64 = 2**63


def declare_config(node: Node, cls: type[T], prefix: str = "") -> T:
    """Declares one read-only parameter for each field of a configuration and builds it from their values.

    Args:
        node: The node; values come from its parameter file and command line.
        cls: A dataclass made of `rhov_core.config.setting` fields: bool, int, float, str, a Literal of strings,
            or a tuple of any length of one of the first four (`tuple[float, ...]`).
        prefix: Put before the names with a dot, for nodes with several components.

    Raises:
        InputError: If a value has the wrong type or is out of range.
    """
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        name = f"{prefix}.{field.name}" if prefix else field.name
        value = _given(node).get(name, field.default)
        values[field.name] = _converted(name, value, hints[field.name])
    config = from_mapping(cls, values)
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        name = f"{prefix}.{field.name}" if prefix else field.name
        _declare(node, name, hints[field.name], values[field.name], field.metadata)
    return config


def refuse_unknown_parameters(node: Node) -> None:
    """Refuses values for parameters that the node never declared, which ROS ignores: mostly misspelt names.

    Raises:
        InputError: Naming the parameter and those that exist.
    """
    unknown = [name for name in _given(node) if not node.has_parameter(name) and not name.startswith(_OF_ROS)]
    if unknown:
        known = sorted(name for name in node.get_parameters_by_prefix("") if not name.startswith(_OF_ROS))
        given = f"'{unknown[0]}' is no parameter of {node.get_name()}"
        raise InputError(given, ", ".join(known) or "none", "correct the name")


def _given(node: Node) -> dict[str, Any]:
    # rclpy has no public way to ask what was given before it is declared
    overrides: Mapping[str, Parameter] = node._parameter_overrides
    return {name: parameter.value for name, parameter in overrides.items()}


def _element(kind: Any) -> Any:
    """The type of the elements of `tuple[int, ...]`; None for other types."""
    return get_args(kind)[0] if get_origin(kind) is tuple else None


def _converted(name: str, value: Any, kind: Any) -> Any:
    """The value in the type of its field: people write 500 for a float."""
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise InputError(f"{name} is {value!r}", " or ".join(map(repr, get_args(kind))), f"correct {name}")
        return value
    element = _element(kind)
    if element is not None:
        if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
            raise InputError(f"{name} is {value!r}", f"a list of {element.__name__}", f"correct {name}")
        return tuple(_converted(name, v, element) for v in value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InputError(f"{name} is {value!r}", f"a value of type {kind.__name__}", f"correct {name}")
    return value


def _declare(node: Node, name: str, kind: Any, value: Any, metadata: Mapping[str, Any]) -> None:
    low, high = metadata.get("low"), metadata.get("high")
    descriptor = ParameterDescriptor(description=metadata.get("help", ""), read_only=True)
    if kind is float and (low is not None or high is not None):
        limits = (float("-inf") if low is None else float(low), float("inf") if high is None else float(high))
        descriptor.floating_point_range = [FloatingPointRange(from_value=limits[0], to_value=limits[1])]
    if kind is int and (low is not None or high is not None):
        limits = (-_INT64 if low is None else int(low), _INT64 - 1 if high is None else int(high))
        descriptor.integer_range = [IntegerRange(from_value=limits[0], to_value=limits[1])]
    if get_origin(kind) is Literal:
        descriptor.additional_constraints = "one of " + ", ".join(get_args(kind))
    element = _element(kind)
    # rclpy takes the type from the value, but an empty list for bytes
    typed = list(value) if element is not None and len(value) else _EMPTY.get(element, value)
    node.declare_parameter(name, typed, descriptor, ignore_override=True)
