import os
import subprocess
import sys

from rhov.doctor import Finding, examine, main, report
from rhov.doctor.compute import _try_renderer
from rhov.doctor.media import MANO_VARIABLE, _mano
from rhov.doctor.middleware import _ros

GOOD = Finding("camera", True, "there")
OPTIONAL = Finding("gpu", False, "none", "slower")
REQUIRED = Finding("middleware", False, "gone", "nodes cannot run", required=True)


def test_report_names_what_is_missing_and_what_it_means():
    lines = report([GOOD, OPTIONAL]).splitlines()
    assert lines[0].split() == ["found", "camera", "there"]
    assert lines[1].split() == ["missing", "gpu", "none"]
    assert lines[2].strip() == "slower"
    assert lines[-1] == "RHOV has all that it needs."
    assert report([GOOD, REQUIRED]).endswith("RHOV cannot run: middleware.")


def test_this_machine_has_what_rhov_needs():
    findings = {finding.name: finding for finding in examine()}
    assert [f.name for f in findings.values() if f.required and not f.found] == []
    assert findings["middleware"].found
    assert any(findings[f"MuJoCo on {name}"].found for name in ("egl", "osmesa"))
    assert findings["H.264 video"].found
    assert findings["memory"].detail.endswith(f"{len(os.sched_getaffinity(0))} processor core(s)")


def test_exit_status_tells_whether_rhov_can_run(monkeypatch, capsys):
    monkeypatch.setattr("rhov.doctor.examine", lambda: [GOOD, OPTIONAL])
    assert main() == 0
    monkeypatch.setattr("rhov.doctor.examine", lambda: [GOOD, REQUIRED])
    assert main() == 1
    assert "nodes cannot run" in capsys.readouterr().out


def test_a_renderer_that_does_not_work_is_not_found():
    assert "renderer" in _try_renderer("no_such_renderer") or "MUJOCO_GL" in _try_renderer("no_such_renderer")


def test_a_mano_file_that_is_none_is_reported(monkeypatch, tmp_path):
    monkeypatch.delenv(MANO_VARIABLE, raising=False)
    assert "names no file" in _mano().detail
    path = tmp_path / "MANO_RIGHT.pkl"
    path.write_bytes(b"no pickle")
    monkeypatch.setenv(MANO_VARIABLE, str(path))
    assert not _mano().found
    assert str(path) in _mano().detail


def test_a_message_that_does_not_come_back_is_noticed():
    code = (
        "from rhov.doctor import middleware as m; m.SECONDS = 0.3\n"
        "import time, rclpy.executors as e\n"
        "e.SingleThreadedExecutor.spin_once = lambda *a, **k: time.sleep(0.1)\n"
        "f = m._middleware(); print(f.found, f.detail)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.startswith("False ")
    assert run.stdout.strip().endswith(" lost a message")


def test_another_ros_than_jazzy_is_refused(monkeypatch):
    monkeypatch.setenv("ROS_DISTRO", "humble")
    assert not _ros().found
    assert "humble" in _ros().detail
