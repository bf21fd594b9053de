"""The script `run` and the set-up behind it, in a copy without anything installed. Nothing here reaches the network."""

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
COPIED = ("run", "dev", "requirements", "ros2_ws/src/rhov_msgs", "ros2_ws/src/rhov/rhov/environment.py")


@pytest.fixture
def tree(tmp_path):
    """A copy of what the set-up looks at, with a virtual environment that only points at this Python."""
    for name in COPIED:
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(ROOT / name, target) if (ROOT / name).is_dir() else shutil.copy2(ROOT / name, target)
    (tmp_path / "ros2_ws/src/rhov/rhov/config").mkdir()
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "speed.py").write_text("import sys; print('benchmark', sys.argv[1:])")
    (tmp_path / ".cache").mkdir()
    binaries = tmp_path / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (binaries / "python").chmod(0o755)
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("include-system-site-packages = false\n")
    return tmp_path


def without_ros():
    """The environment as on a machine without ROS."""
    return {k: v for k, v in os.environ.items() if k != "ROS_DISTRO"} | {"RHOV_ROS_SETUP": "none"}


def shell(tree, commands, **variables):
    """Runs commands with the functions of the set-up."""
    header = f"set -euo pipefail; ROOT={tree} VENV={tree}/.venv PYTHON={tree}/.venv/bin/python ROS=wheels\n"
    header += "source dev/setup.sh\n"
    environment = without_ros() | variables
    return subprocess.run(
        ["bash", "-c", header + commands], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )


def run(tree, *arguments, **variables):
    environment = without_ros() | variables
    return subprocess.run([str(tree / "run"), *arguments], env=environment, capture_output=True, text=True, check=False)


def stamp(tree, kind="base"):
    assert shell(tree, f'fingerprint > "$VENV/.rhov-{kind}"').returncode == 0


def test_without_a_command_it_says_what_there_is(tree):
    said = run(tree)
    assert said.returncode == 2
    assert all(word in said.stdout for word in ("./run demo", "./run test", "./run bench", "./run doctor"))


def test_when_everything_is_set_up_it_starts_at_once(tree):
    stamp(tree)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = run(tree, "bench", "speed", "--quick")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (said.returncode, said.stdout, said.stderr) == (0, "benchmark ['--quick']\n", "")
    # two starts of Python are in this, which take most of it
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


def test_an_unknown_benchmark_is_refused_with_the_names_of_the_others(tree):
    stamp(tree)
    for name in ("sped", ""):
        said = run(tree, "bench", name)
        assert said.returncode == 2
        assert said.stderr == f"rhov: there is no benchmark '{name}'; there are: speed.\n"


@pytest.mark.parametrize(
    "changed", ["requirements/base.txt", "ros2_ws/src/rhov_msgs/msg/VideoInfo.msg", "dev/setup.sh", ".venv/pyvenv.cfg"]
)
def test_a_change_of_what_it_was_made_from_sets_it_up_again(tree, changed):
    check = 'up_to_date base "$(fingerprint)" && echo yes || echo no'
    assert shell(tree, check).stdout == "no\n"
    stamp(tree)
    assert shell(tree, check).stdout == "yes\n"
    with open(tree / changed, "a") as file:
        file.write("# changed\n")
    assert shell(tree, check).stdout == "no\n"


def test_what_the_tests_need_includes_what_the_demo_needs_but_not_the_other_way_round(tree):
    check = 'for kind in base dev; do up_to_date $kind "$(fingerprint)" && echo yes || echo no; done'
    stamp(tree, "base")
    assert shell(tree, check).stdout == "yes\nno\n"
    (tree / ".venv/.rhov-base").unlink()
    stamp(tree, "dev")
    assert shell(tree, check).stdout == "yes\nyes\n"


def test_another_ros_is_refused(tree):
    said = run(tree, "demo", ROS_DISTRO="humble")
    assert said.returncode == 2
    assert said.stderr == (
        "rhov: this shell has ROS 2 humble sourced and RHOV needs Jazzy: start again in a shell without it.\n"
    )


def fake_programs(folder, **programs):
    """A folder for PATH with a few real tools and some made up."""
    folder.mkdir()
    for name in ("bash", "cat", "dirname", "grep", "tail", "env", "id"):
        (folder / name).symlink_to(str(shutil.which(name)))
    for name, script in programs.items():
        (folder / name.replace("_", "-")).write_text(f"#!/bin/bash\n{script}\n")
        (folder / name.replace("_", "-")).chmod(0o755)
    return str(folder)


def test_an_unsuitable_python_is_named(tree):
    path = fake_programs(tree / "bin", python3="echo 3.9")
    (tree / ".venv/bin/python").unlink()
    said = shell(tree, "version_of() { [ $1 = python3 ] && echo 3.9; }; find_python", PATH=path)
    assert said.returncode == 2
    assert "no Python 3.11 or 3.12 was found (python3 is 3.9): install one" in said.stderr


def test_missing_packages_are_named_where_there_is_no_apt(tree):
    path = fake_programs(tree / "bin")
    said = shell(tree, "has_library() { false; }; install_system_packages $PYTHON", PATH=path)
    assert said.returncode == 2
    assert "no apt to install them: cmake g++ ninja-build libgl1 libglib2.0-0 libegl1 (" in said.stderr


def test_missing_packages_are_named_where_rights_are_missing(tree):
    path = fake_programs(tree / "bin", apt_get="exit 0", sudo="exit 1", cmake="", ninja="")
    said = shell(tree, "id() { echo 1000; }; has_library() { true; }; install_system_packages $PYTHON", PATH=path)
    assert said.returncode == 2
    assert "run 'sudo apt-get install g++' and start again" in said.stderr


def test_apt_is_asked_only_for_what_is_missing_and_its_failure_is_told(tree):
    log = 'echo "$*" >> "$LOG"; [ "$2" = update ] || { echo "E: no space left"; exit 100; }'
    path = fake_programs(tree / "bin", apt_get=log, cmake="", ninja="")
    said = shell(tree, "has_library() { true; }; install_system_packages $PYTHON", PATH=path, LOG=str(tree / "asked"))
    asked = (tree / "asked").read_text().splitlines()
    assert asked[0] == "-qq update"
    assert asked[1].endswith(" install g++")
    assert said.returncode == 2
    assert "apt could not install g++ (E: no space left)" in said.stderr


def test_nothing_is_asked_of_apt_when_nothing_is_missing(tree):
    path = fake_programs(tree / "bin", apt_get="touch $LOG", cmake="", ninja="", **{"g++": ""})
    variables = {"PATH": path, "LOG": str(tree / "asked")}
    said = shell(tree, "has_library() { true; }; install_system_packages $PYTHON", **variables)
    assert (said.returncode, said.stderr) == (0, "")
    assert not (tree / "asked").exists()


def test_cmake_files_of_the_wheels_are_pointed_at_this_python(tree):
    path = tree / ".venv/share/rclpy/cmake/export.cmake"
    path.parent.mkdir(parents=True)
    path.write_text(
        '"/opt/python/cp311-cp311/include/python3.11;'
        '/opt/python/cp311-cp311/lib/python3.11/site-packages/numpy/_core/include"'
    )
    assert shell(tree, "patch_cmake_paths").returncode == 0
    include, numpy_include = path.read_text().strip('"').split(";")
    assert (Path(include) / "Python.h").is_file()
    assert numpy_include == np.get_include()


def test_all_requirements_are_pinned():
    for path in (ROOT / "requirements").glob("*.txt"):
        for line in path.read_text().splitlines():
            requirement = line.split("#")[0].strip()
            assert not requirement or "==" in requirement, f"{path.name}: {line}"
