"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Mesh = Annotated[Path, typer.Option(help="Mesh of the object in metres (.obj, .stl, .ply, .glb).")]
Out = Annotated[Path, typer.Option(help="Folder for the results.")]
Robot = Annotated[str, typer.Option(help="Robot: panda or fr3, or a robot YAML.")]
Placement = Annotated[Path | None, typer.Option(help="placement.yaml with T_table_camera; searched if missing.")]
Result = Annotated[Path, typer.Argument(help="A result folder or its trajectory.npz.")]
RepairMesh = Annotated[bool, typer.Option(help="Close an open mesh instead of refusing it.")]
