"""The search of all views, in pieces."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from rhov_core.object_model import ObjectModel
from rhov_core.pose import exp_rotation, make_transform, perturb, rotation_angle
from rhov_optimizer.initialise import InitialPoseConfig, SearchedObject, ViewSearch, find_initial_pose
from rhov_optimizer.initialise import view_search as module
from rhov_optimizer.initialise.refine import ContourFit
from rhov_optimizer.initialise.view_search import FITTED_AT_ONCE, SWEPT_AT_ONCE

CONFIG = InitialPoseConfig(refined=40, polished=4)


def placed(model, rotation, depth):
    R = exp_rotation(rotation)
    centre = (model.vertices.min(0) + model.vertices.max(0)) / 2
    return make_transform(R, np.array([-0.03, 0.02, depth]) - R @ centre)


@pytest.fixture
def clip(model, clip_of):
    return clip_of(model, placed(model, (0.3, 0.4, 0.2), 0.45)[None], hidden=0.3)


def test_no_piece_sweeps_or_fits_more_than_it_may(clip, monkeypatch):
    swept, fitted = [], []
    sweep, fit = module.sweep, ContourFit.fit

    def counted_sweep(mesh, camera, target, config, views):
        T, score = sweep(mesh, camera, target, config, views)
        swept.append(len(T) // config.rolls)
        return T, score

    def counted_fit(self, T):
        fitted.append(T)
        return fit(self, T)

    monkeypatch.setattr(module, "sweep", counted_sweep)
    monkeypatch.setattr(ContourFit, "fit", counted_fit)
    search = ViewSearch(SearchedObject.from_model(clip.model, CONFIG), clip.camera, clip.cues(0), CONFIG)
    pieces, done = [], False
    while not done:
        before = len(swept), len(fitted)
        done = search.advance()
        pieces.append((len(swept) - before[0], len(fitted) - before[1]))
    assert sum(swept) == CONFIG.views and max(swept) <= SWEPT_AT_ONCE
    assert all(views <= 1 and fits <= FITTED_AT_ONCE for views, fits in pieces)
    assert len(fitted) == CONFIG.refined + CONFIG.polished
    assert search.advance() and len(fitted) == CONFIG.refined + CONFIG.polished  # it stays done


@pytest.mark.parametrize("advanced", [0, 2, 99])
def test_a_search_that_is_kept_goes_on_where_it_was(clip, advanced):
    search = ViewSearch(SearchedObject.from_model(clip.model, CONFIG), clip.camera, clip.cues(0), CONFIG)
    for _ in range(advanced):
        search.advance()
    kept = pickle.loads(pickle.dumps(search))
    assert len(kept.T) == len(search.T)
    left = [0, 0]
    for place, each in enumerate((search, kept)):
        while not each.advance():
            left[place] += 1
    assert left[0] == left[1]
    np.testing.assert_array_equal(kept.T, search.T)
    np.testing.assert_array_equal(kept.score, search.score)


def test_pieces_find_what_the_search_at_once_finds(clip):
    search = ViewSearch(SearchedObject.from_model(clip.model, CONFIG), clip.camera, clip.cues(0), CONFIG)
    search.finish()
    found = find_initial_pose(clip.model, clip.camera, clip.cues(0), None, CONFIG)
    mesh = SearchedObject.from_model(clip.model, CONFIG).mesh
    np.testing.assert_array_equal([mesh.in_file_frame(T) for T in search.T[1:]], [c.T for c in found.candidates[1:]])
    assert list(search.score[1:]) == [c.iou for c in found.candidates[1:]]
    angle, distance = clip.errors(mesh.in_file_frame(search.T[0]), 0)
    assert angle < 3 and distance < 0.005


def test_of_poses_that_fit_alike_the_one_nearest_to_an_earlier_pose_is_preferred(clip_of):
    cuboid = replace(ObjectModel.box((0.258, 0.189, 0.075)), given_symmetries=np.eye(4)[None])
    T = placed(cuboid, (1.2, -0.7, 0.4), 0.7)
    clip, searched = clip_of(cuboid, T[None], hidden=0.15), SearchedObject.from_model(cuboid, CONFIG)
    for turn in (0.0, np.pi):
        near = T @ make_transform(exp_rotation([0.0, 0.0, turn]), np.zeros(3))
        earlier = perturb(near, [0.02, 0.0, 0.03, 0.2, -0.1, 0.1])
        search = ViewSearch(searched, clip.camera, clip.cues(0), CONFIG, searched.mesh.centred(earlier))
        search.finish()
        assert np.degrees(rotation_angle(search.T[0, :3, :3] @ near[:3, :3].T)) < 3
