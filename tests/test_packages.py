"""The packages' manifests: what is imported is declared, what is named exists."""

import ast
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "ros2_ws" / "src"
PYTHON_PACKAGES = ("rhov_core", "rhov_perception", "rhov_optimizer", "franka_imitation", "rhov")
LAYERS = {"rhov_core": (), "rhov": PYTHON_PACKAGES} | dict.fromkeys(PYTHON_PACKAGES[1:4], ("rhov_core",))
ROS_NAME = re.compile(r"rclpy$|rcl_interfaces$|builtin_interfaces$|launch(_ros)?$|\w+_(msgs|srvs)$")


def imported(package):
    """Top-level modules that a package imports, with the files that import them."""
    modules = {}
    for path in (SOURCE / package / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            for name in names:
                modules.setdefault(name.split(".")[0], set()).add(path.relative_to(SOURCE / package / package))
    return modules


def declared(package):
    root = ET.parse(SOURCE / package / "package.xml").getroot()
    return {e.text for e in root if e.tag in ("depend", "exec_depend")}


@pytest.mark.parametrize("package", PYTHON_PACKAGES)
def test_ros_dependencies_are_declared_and_used(package):
    used = {name for name in imported(package) if ROS_NAME.match(name) or name in PYTHON_PACKAGES} - {package}
    stated = {name for name in declared(package) if ROS_NAME.match(name) or name in PYTHON_PACKAGES}
    # the bring-up starts the nodes of packages that it need not import
    assert used - stated == set()
    assert stated - used <= (set(PYTHON_PACKAGES) if package == "rhov" else set())


@pytest.mark.parametrize("package", PYTHON_PACKAGES)
def test_packages_import_only_those_below_them(package):
    assert set(imported(package)) & set(PYTHON_PACKAGES) <= {package, *LAYERS[package]}


@pytest.mark.parametrize("package", PYTHON_PACKAGES)
def test_ros_is_imported_only_by_nodes_messages_and_the_bring_up(package):
    for module, paths in imported(package).items():
        if ROS_NAME.match(module):
            places = {path for path in paths if path.parts[0] not in ("nodes", "messages")}
            assert package == "rhov" or places == set(), f"{module} in {sorted(map(str, places))}"


@pytest.mark.parametrize("package", [*PYTHON_PACKAGES, "rhov_msgs"])
def test_manifest_agrees_with_the_package(package):
    root = ET.parse(SOURCE / package / "package.xml").getroot()
    assert (root.get("format"), root.findtext("name"), root.findtext("license")) == ("3", package, "Apache-2.0")
    if package in PYTHON_PACKAGES:
        setup = (SOURCE / package / "setup.py").read_text()
        assert f'version="{root.findtext("version")}"' in setup
        assert (SOURCE / package / "resource" / package).is_file()


@pytest.mark.parametrize("package", PYTHON_PACKAGES)
def test_every_executable_has_a_main(package):
    for module in re.findall(r"= ([\w.]+):main", (SOURCE / package / "setup.py").read_text()):
        path = SOURCE / package / Path(*module.split(".")).with_suffix(".py")
        functions = [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
        assert "main" in functions, module


def test_the_launch_files_are_installed_from_the_top_of_the_repository():
    top = sorted(path.name for path in (SOURCE.parents[1] / "launch").glob("*.launch.py"))
    assert "full_pipeline.launch.py" in top
    assert sorted(path.name for path in (SOURCE / "rhov" / "launch_files").glob("*.launch.py")) == top
    assert 'Path("launch_files").glob("*.launch.py")' in (SOURCE / "rhov" / "setup.py").read_text()
