"""A recording that grows in one thread while another reads it."""

import threading

import numpy as np

from franka_imitation.replay.recording import Recording


def test_reading_while_it_grows(tmp_path):
    recording, stop = Recording(), threading.Event()

    def grow():
        step = 0
        while not stop.is_set() and step < 200_000:
            recording.add_robot(0.001 * step, np.full(7, float(step)), 0.08)
            recording.add_object(0.001 * step, np.eye(4))
            step += 1

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        while not recording.observes_object:
            pass
        for _ in range(12):
            q, width = recording.robot_at(np.array([0.0005]))
            np.testing.assert_allclose(q, 0.5)
            np.testing.assert_allclose(width, 0.08)
            recording.objects_at(np.array([0.0005]))
        recording.save(tmp_path / "rollout.npz")
    finally:
        stop.set()
        thread.join()
    with np.load(tmp_path / "rollout.npz") as saved:
        assert len(saved["robot_time"]) == len(saved["q"]) == len(saved["width"])
        assert len(saved["object_time"]) == len(saved["T_base_object"])
