"""Start and end of a node: `def main(): run_node(HandEstimator)`."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import NoReturn, TypeVar

import rclpy
from rclpy.action import ActionClient, ActionServer
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.executors import Executor, MultiThreadedExecutor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from rhov_core.errors import InputError, RhovError
from rhov_core.nodes.parameters import refuse_unknown_parameters

AnyNode = TypeVar("AnyNode", bound=Node)
JOIN_SECONDS = 5.0
NOTICE_SECONDS = 0.5


class StopNode(Exception):  # noqa: N818  it is no error
    """Raised in a callback to end the node.

    Args:
        exit_status: Of the process.
        message: One sentence for the user, printed to standard error.
    """

    def __init__(self, exit_status: int = 0, message: str = "") -> None:
        self.exit_status = exit_status
        super().__init__(message)


def run_node(
    factory: Callable[[], AnyNode], *, threads: int = 1, on_signal: Callable[[AnyNode], int] | None = None
) -> NoReturn:
    """Makes a node, runs it until it stops, and ends the process.

    Exit status: 0 after SIGINT or SIGTERM (or what `on_signal` returns), that of `StopNode`, 2 with one sentence for
    bad input, 1 with one sentence for other errors of RHOV and with a traceback for bugs. A second signal ends at once.

    Args:
        factory: Makes the node; usually its class.
        threads: Number of threads for callbacks.
        on_signal: Called once on SIGINT or SIGTERM while callbacks still run, so that the node can finish its
            work through services and actions; returns the exit status. `destroy_node` is always called after.
    """
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node: AnyNode | None = None
    try:
        node = factory()
        refuse_unknown_parameters(node)
        status = _spin(node, threads, on_signal)
    except KeyboardInterrupt:
        status = 0
    except BaseException as error:
        status = _explain(error)
    try:
        if node is not None:
            _destroy(node)
    except Exception as error:
        status = status or _explain(error)
    rclpy.try_shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # a normal exit waits for callbacks in a thread pool, even for those that do not end


def _spin(node: AnyNode, threads: int, on_signal: Callable[[AnyNode], int] | None) -> int:
    """Runs callbacks in a thread of their own, so that this one can wait for signals. Raises what a callback raised."""
    stop, signalled, raised = threading.Event(), threading.Event(), []

    def handle(number: int, frame: object) -> None:
        if signalled.is_set():
            os._exit(128 + number)
        signalled.set()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)

    executor: Executor = SingleThreadedExecutor()
    if threads > 1:
        executor = MultiThreadedExecutor(threads)
        # an exception in a pool thread surfaces only with the next event: see to it that there is one
        node.create_timer(NOTICE_SECONDS, lambda: None, clock=Clock(clock_type=ClockType.STEADY_TIME))
    executor.add_node(node)
    wake = node.create_guard_condition(lambda: None, ReentrantCallbackGroup())
    finish = threading.Event()

    def spin() -> None:
        try:
            while not finish.is_set() and rclpy.ok():
                executor.spin_once()
        except BaseException as error:
            raised.append(error)
        stop.set()

    thread = threading.Thread(target=spin, name="callbacks", daemon=True)
    thread.start()
    stop.wait()
    status = on_signal(node) if on_signal is not None and signalled.is_set() and not raised else 0
    finish.set()
    wake.trigger()
    _finish(executor, thread)
    if raised:
        raise raised[0]
    return status


def _finish(executor: Executor, thread: threading.Thread) -> None:
    """Waits for the callbacks that are running, but not for ever; only then can the executor be shut down.

    Its shutdown waits for nothing, and a message that is being taken just then ends with an error.
    """
    thread.join(JOIN_SECONDS)
    if isinstance(executor, MultiThreadedExecutor):
        executor._executor.shutdown(wait=False, cancel_futures=True)
        executor._work_tracker.wait(JOIN_SECONDS)
    executor.shutdown()


def _destroy(node: Node) -> None:
    """Destroys a node with its action clients and servers.

    rclpy leaves them, they keep the node alive, and its shared memory would stay on the machine for ever.
    """
    node.destroy_node()
    for action in [waitable for waitable in node.waitables if isinstance(waitable, ActionClient | ActionServer)]:
        action.destroy()


def _explain(error: BaseException) -> int:
    """Prints what went wrong and returns the exit status."""
    if isinstance(error, StopNode | RhovError):
        if str(error):
            print(error, file=sys.stderr, flush=True)
        return error.exit_status if isinstance(error, StopNode) else (2 if isinstance(error, InputError) else 1)
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    traceback.print_exception(error)
    return 1
