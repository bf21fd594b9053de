import numpy as np
from std_msgs.msg import Header

from rhov_core.camera import Camera
from rhov_core.cues import HandEstimate
from rhov_core.hand import HandModel
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.pose import make_transform
from rhov_core.trajectory import ObjectState
from rhov_optimizer.nodes.track_buffer import TrackBuffer, TrackedFrame
from rhov_optimizer.nodes.window import tracked_trajectory
from rhov_optimizer.track_record import TrackRecord

CAMERA = Camera.from_focal(600.0, 640, 480)


def frame(i, state=ObjectState.TRACKED, side=None):
    hand = None
    if side is not None:
        joints = np.full((21, 3), 0.1 * i)
        hand = HandEstimate(
            side, 0.9, np.zeros((21, 2)), np.full(48, i), np.full(10, 0.5), np.ones(3), joints, np.eye(6), "a model"
        )
    estimate = ObjectEstimate(i, i / 30, make_transform(np.eye(3), [0, 0, 0.5 + i]), np.eye(6), state)
    return TrackedFrame(Header(), TrackRecord(i, i / 30, (640, 480), hand), estimate)


def test_the_newest_frames_are_held_and_the_rest_is_counted():
    buffer = TrackBuffer(4)
    assert not buffer.newest() and not buffer.tracked()
    for i in range(6):
        buffer.append(frame(i, ObjectState.LOST))
    assert [f.record.frame_index for f in buffer.newest()] == [2, 3, 4, 5]
    assert [f.record.frame_index for f in buffer.newest(2)] == [4, 5]
    assert (buffer.received, buffer.dropped) == (6, 2)
    assert not buffer.tracked()
    buffer.append(frame(6))
    assert buffer.tracked()
    buffer.clear()
    assert (buffer.received, buffer.dropped, buffer.newest()) == (0, 0, [])


def test_a_window_tells_what_was_tracked(model):
    frames = [frame(3, side="left"), frame(4), frame(5, ObjectState.LOST, "left"), frame(6, side="right")]
    window = tracked_trajectory(frames, CAMERA, model, HandModel.load())
    assert window.frame_index.tolist() == [3, 4, 5, 6]
    assert window.hand_side == "right" and window.hand_model == "a model"  # the side that is known last
    assert window.hand_valid.tolist() == [False, False, False, True]
    assert window.object_state.tolist() == [1, 1, 0, 1]
    assert np.allclose(window.hand_pose[3], 6) and not window.hand_pose[2].any()
    assert np.allclose(window.hand_shape, 0.5)
    assert np.allclose(window.T_camera_object[1, :3, 3], [0, 0, 4.5])


def test_a_window_without_hands(model):
    window = tracked_trajectory([frame(0), frame(1)], CAMERA, model, HandModel.load())
    assert not window.hand_valid.any() and window.hand_side == "right"


def test_revisions_replace_the_newest_frames_that_are_still_held():
    buffer = TrackBuffer(4)
    for i in range(6):
        buffer.append(frame(i))
    other = [frame(i, ObjectState.REINITIALISED) for i in range(1, 6)]
    buffer.revise([(f.estimate, f.record) for f in other])
    assert [f.estimate.state for f in buffer.newest()] == [ObjectState.REINITIALISED] * 4
    assert [f.record.frame_index for f in buffer.newest()] == [2, 3, 4, 5]
    buffer.revise([(frame(5).estimate, frame(5).record)])
    assert [f.estimate.state for f in buffer.newest(2)] == [ObjectState.REINITIALISED, ObjectState.TRACKED]
    assert buffer.received == 6
