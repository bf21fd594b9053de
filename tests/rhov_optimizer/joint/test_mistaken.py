"""Covariance of a track that may show the object from a wrong side."""

from typing import Any

import numpy as np

from rhov_optimizer.joint.bridging import bridged_poses
from rhov_optimizer.joint.mistaken import AROUND, mistaken_covariance
from rhov_optimizer.joint.object_config import ObjectSolverConfig
from rhov_optimizer.joint.object_gauss_newton import solve_object_clip
from rhov_optimizer.joint.start import seen_frames
from rhov_optimizer.registration.mesh import CentredMesh

ANY_POSE = np.repeat([0.06, 1.2], 3)
STAMPS = np.arange(300) / 30


def test_a_clip_that_is_never_lost_is_not_suspected() -> None:
    assert not mistaken_covariance(np.ones(300, np.bool_), STAMPS, ANY_POSE).any()


def test_it_is_that_of_any_pose_times_the_share_of_lost_frames_around() -> None:
    seen = np.arange(300) % 4 != 0
    covariance = mistaken_covariance(seen, STAMPS, ANY_POSE)[60:240]
    deviation = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    np.testing.assert_allclose(deviation, np.tile(0.5 * ANY_POSE, (180, 1)), rtol=0.03)


def test_frames_long_before_and_after_are_trusted() -> None:
    seen = np.ones(300, np.bool_)
    seen[150:160] = False
    suspected = mistaken_covariance(seen, STAMPS, ANY_POSE).any(axis=(1, 2))
    away = np.abs(STAMPS - STAMPS[155])
    assert suspected[away < AROUND].all()
    assert not suspected[away > AROUND + 0.3].any()


def test_lost_frames_are_no_more_certain_than_those_next_to_them() -> None:
    seen = np.ones(60, np.bool_)
    seen[50:53] = False  # what is around is cut off by the clip's end: less of it for the frames after than for the gap
    variance = mistaken_covariance(seen, STAMPS[:60], ANY_POSE)[:, 5, 5]
    assert variance[50:53].min() >= variance[[49, 53]].max() > variance[49]


def test_one_frame_may_be_all_there_is() -> None:
    covariance = mistaken_covariance(np.zeros(1, np.bool_), np.zeros(1), ANY_POSE)
    np.testing.assert_allclose(covariance, [np.diag(ANY_POSE**2)])


def test_poses_of_a_clip_that_loses_the_object_are_less_certain(clip: Any) -> None:
    mesh, settings = CentredMesh.from_model(clip.model, 500), ObjectSolverConfig(iterations=2)
    lost = clip
    for start in (4, 12, 20):
        lost = lost.lose(range(start, start + 4))
    seen, largest = seen_frames(lost.estimates), {}
    for name, given in (("kept", clip), ("lost", lost)):
        frames = seen_frames(given.estimates)
        T = bridged_poses(given.estimates, frames)
        solution = solve_object_clip(mesh, clip.camera, given.records, T, frames, settings)
        largest[name] = np.sqrt(np.diagonal(solution.covariance, axis1=1, axis2=2))[seen, 3:].max(1)
    assert (largest["kept"] < 0.1).all()
    assert (largest["lost"] > np.sqrt(12 / 30) * settings.mistaken_rotation).all()
