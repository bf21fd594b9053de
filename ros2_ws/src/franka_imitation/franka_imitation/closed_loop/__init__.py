"""Carrying out a plan while the object is watched: the tool goes where the object needs it."""

from franka_imitation.closed_loop.conditions import Conditions, disturbed
from franka_imitation.closed_loop.config import FeedbackConfig
from franka_imitation.closed_loop.execution import Execution
from franka_imitation.closed_loop.executor import Executor
from franka_imitation.closed_loop.workplace import SimulatedWorkplace, Workplace

__all__ = ["Conditions", "Execution", "Executor", "FeedbackConfig", "SimulatedWorkplace", "Workplace", "disturbed"]
