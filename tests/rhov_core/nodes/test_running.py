"""How nodes start and end, with real processes."""

import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PROGRAM = """
import time
from dataclasses import dataclass
import rclpy
from rclpy.node import Node
from rhov_core.config import check_ranges, setting
from rhov_core.errors import InputError, RhovError
from rhov_core.nodes import StopNode, declare_config, run_node

@dataclass(frozen=True)
class Config:
    how: str = setting("", "how the node ends")
    rate: float = setting(1.0, "a rate [1/s]", low=0.1)

    def __post_init__(self):
        check_ranges(self)

class Ending(Node):
    def __init__(self):
        super().__init__("ending")
        self.config = declare_config(self, Config)
        self.create_timer(0.02, self.tick)
        self.ticks = 0

    def tick(self):
        self.ticks += 1
        if self.ticks == 3:
            print("running", flush=True)
        if self.ticks < 3:
            return
        match self.config.how:
            case "stop": raise StopNode(5, "enough")
            case "input": raise InputError("the mesh is empty", "a mesh with faces", "export it again")
            case "rhov": raise RhovError("no plan")
            case "bug": raise KeyError("a bug")
            case "exit": raise SystemExit(7)
            case "hang": time.sleep(60)
            case "shutdown": rclpy.shutdown()

    def destroy_node(self):
        print("destroyed", flush=True)
        super().destroy_node()

class Acting(Ending):
    def __init__(self):
        from control_msgs.action import GripperCommand
        from rclpy.action import ActionClient, ActionServer
        super().__init__()
        self.ends = ActionServer(self, GripperCommand, "grip", print), ActionClient(self, GripperCommand, "grip")

def take_slowly():
    from rclpy.executors import Executor
    take = Executor._take_timer
    def slowly(self, timer):
        print("running", flush=True)
        time.sleep(0.3)
        return take(self, timer)
    Executor._take_timer = slowly

def finish(node):
    before = node.ticks
    time.sleep(0.2)
    print("callbacks still run" if node.ticks > before else "callbacks stopped", flush=True)
    return 130
"""


@pytest.fixture
def start(tmp_path):
    """Starts the program as a process; what is left is killed."""
    processes = []

    def run(call: str, *parameters: str) -> subprocess.Popen:
        path = tmp_path / "node.py"
        path.write_text(textwrap.dedent(PROGRAM) + call + "\n")
        ros = [word for parameter in parameters for word in ("-p", parameter)]
        command = [sys.executable, str(path), "--ros-args", *ros]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return processes[-1]

    yield run
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("how", "status", "says"),
    [
        ("stop", 5, "enough"),
        ("input", 2, "the mesh is empty; accepted is a mesh with faces: export it again."),
        ("rhov", 1, "no plan"),
        ("bug", 1, "KeyError: 'a bug'"),
    ],
)
def test_exit_status_says_how_a_callback_ended_the_node(start, threads, how, status, says):
    process = start(f"run_node(Ending, threads={threads})", f"how:={how}")
    out, err = process.communicate(timeout=20)
    assert process.returncode == status
    assert err.strip().endswith(says)
    assert (len(err.strip().splitlines()) > 1) == (how == "bug")
    assert out.endswith("destroyed\n")


@pytest.mark.parametrize("threads", [1, 2])
def test_a_node_ends_when_ros_is_shut_down(start, threads):
    process = start(f"run_node(Ending, threads={threads})", "how:=shutdown")
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "") and out.endswith("destroyed\n")


def test_system_exit_keeps_its_status(start):
    process = start("run_node(Ending)", "how:=exit")
    process.communicate(timeout=20)
    assert process.returncode == 7


@pytest.mark.parametrize("threads", [1, 2])
def test_a_callback_that_never_ends_does_not_hold_the_node(start, threads):
    process = start(
        f"from rhov_core.nodes import running; running.JOIN_SECONDS = 0.3; run_node(Ending, threads={threads})",
        "how:=hang",
    )
    assert process.stdout.readline() == "running\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=5)
    assert process.returncode == 0


@pytest.mark.parametrize(("parameter", "says"), [("rate:=0.0", "rate is 0.0"), ("raet:=1.0", "'raet' is no parameter")])
def test_bad_parameters_end_the_node_with_one_sentence(start, parameter, says):
    process = start("run_node(Ending)", parameter)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert says in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_the_node_cleanly(start, number):
    process = start("run_node(Ending)")
    assert process.stdout.readline() == "running\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "destroyed\n", "")


def test_a_signal_while_an_event_is_taken_ends_the_node_cleanly(start):
    process = start("take_slowly(); run_node(Ending)")
    assert process.stdout.readline() == "running\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert out.endswith("destroyed\n")


def test_a_node_can_finish_its_work_after_a_signal(start):
    process = start("run_node(Ending, on_signal=finish)")
    assert process.stdout.readline() == "running\n"
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "callbacks still run\ndestroyed\n")


def test_a_second_signal_ends_at_once(start):
    process = start("run_node(Ending, on_signal=lambda node: time.sleep(60) or print('too late'))")
    assert process.stdout.readline() == "running\n"
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 128 + signal.SIGTERM


@pytest.mark.parametrize("threads", [1, 2])
def test_nothing_stays_in_shared_memory(start, threads):
    before = set(Path("/dev/shm").glob("fastrtps_*"))  # other nodes of the machine may be seen and mapped, too
    process = start(f"run_node(Acting, threads={threads})")
    assert process.stdout.readline() == "running\n"
    mapped = Path(f"/proc/{process.pid}/maps").read_text()
    found = re.findall(r"/dev/shm/fastrtps_[0-9a-f]{16}$", mapped, re.MULTILINE)
    segments = [path for path in {Path(name) for name in found} if path not in before]
    assert segments and all(path.exists() for path in segments)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert not [path for path in segments if path.exists()]
