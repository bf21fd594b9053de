import os
import subprocess
import sys

import pytest

from rhov import environment


@pytest.fixture
def nothing_set(monkeypatch):
    for name in [*environment.defaults(), "FASTDDS_DEFAULT_PROFILES_FILE"]:
        monkeypatch.delenv(name, raising=False)


def test_what_the_user_has_set_wins(nothing_set, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    environment.apply()
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert os.environ["OMP_WAIT_POLICY"] == "passive"


def test_a_profile_of_the_user_under_the_newer_name_is_respected(nothing_set, monkeypatch):
    assert "FASTRTPS_DEFAULT_PROFILES_FILE" in environment.missing()
    monkeypatch.setenv("FASTDDS_DEFAULT_PROFILES_FILE", "/mine.xml")
    assert "FASTRTPS_DEFAULT_PROFILES_FILE" not in environment.missing()


def test_the_profile_is_there():
    assert environment.PROFILE.read_text().count("<transport_id>") == 4


def test_a_shell_can_read_what_the_script_prints(nothing_set):
    printed = subprocess.run(
        [sys.executable, "-S", environment.__file__], capture_output=True, text=True, check=True
    ).stdout
    shell = subprocess.run(
        ["bash", "-c", f"{printed}\nenv"], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]}
    ).stdout.splitlines()
    assert [f"{name}={value}" for name, value in environment.defaults().items() if f"{name}={value}" not in shell] == []
