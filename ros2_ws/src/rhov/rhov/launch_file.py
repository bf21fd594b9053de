"""Turns the graph of the system into a launch description; the files in `launch/` are one call each."""

from __future__ import annotations

import dataclasses
from typing import Any

from rhov.graph import NodeSpec, PipelineArguments, build_graph
from rhov_core.errors import InputError

_WORDS = {"true": True, "1": True, "false": False, "0": False}


def parse_arguments(texts: dict[str, str]) -> PipelineArguments:
    """Pipeline arguments from texts, as launch and the command line have them.

    Raises:
        InputError: If a name is unknown or a text cannot be read as the argument's type.
    """
    fields = {f.name: f for f in dataclasses.fields(PipelineArguments)}
    values: dict[str, Any] = {}
    for name, text in texts.items():
        if name not in fields:
            raise InputError(f"there is no argument '{name}'", ", ".join(fields), "correct the name")
        default: Any = fields[name].default
        try:
            values[name] = _WORDS[text.lower()] if isinstance(default, bool) else type(default)(text)
        except (KeyError, ValueError) as error:
            kind = type(default).__name__
            raise InputError(f"{name} is '{text}'", f"a value of type {kind}", f"correct {name}") from error
    return PipelineArguments(**values)


def launch_description(*parts: str) -> Any:
    """A `launch.LaunchDescription` with the nodes of some parts of the system and an argument for each setting."""
    from launch import LaunchDescription
    from launch.actions import DeclareLaunchArgument, OpaqueFunction
    from launch.substitutions import LaunchConfiguration

    fields = dataclasses.fields(PipelineArguments)

    def nodes(context: Any) -> list[Any]:
        texts = {f.name: LaunchConfiguration(f.name).perform(context) for f in fields}
        arguments = parse_arguments(texts)
        return [_launch_node(spec, arguments) for spec in build_graph(arguments, tuple(parts))]

    declared = [
        DeclareLaunchArgument(
            f.name,
            default_value=str(f.default).lower() if isinstance(f.default, bool) else str(f.default),
            description=f.metadata["help"],
        )
        for f in fields
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=nodes)])


def _launch_node(spec: NodeSpec, arguments: PipelineArguments) -> Any:
    from launch.actions import EmitEvent
    from launch.events import Shutdown
    from launch_ros.actions import Node
    from launch_ros.substitutions import FindPackageShare

    extra: dict[str, Any] = {}
    if spec.executable == "rviz2":
        from launch.substitutions import PathJoinSubstitution

        extra["arguments"] = ["-d", PathJoinSubstitution([FindPackageShare("rhov"), "rviz", "rhov.rviz"])]
    if spec.terminal:
        extra["on_exit"] = [EmitEvent(event=Shutdown(reason=f"{spec.name} has finished"))]
    return Node(
        package=spec.package,
        executable=spec.executable,
        name=spec.name,
        namespace=arguments.namespace,
        output="screen",
        parameters=[spec.parameters] if spec.parameters else [],
        **extra,
    )
