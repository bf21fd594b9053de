"""The search for a lost object, a piece in each frame."""

from dataclasses import replace

import numpy as np
import pytest

from rhov_core.pose import exp_rotation, make_transform
from rhov_optimizer.initialise import InitialPoseConfig, ViewSearch
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.tracking import TrackerConfig
from rhov_optimizer.tracking.spread_search import SpreadSearch

FRAMES = 8


@pytest.fixture(scope="module")
def clip(model, clip_of, motion):
    R = exp_rotation([0.3, 0.4, 0.2])
    centre = (model.vertices.min(0) + model.vertices.max(0)) / 2
    return clip_of(model, motion(FRAMES, make_transform(R, np.array([-0.02, 0.0, 0.45]) - R @ centre)), hidden=0.2)


def search_of(clip):
    return SpreadSearch(clip.model, clip.camera, InitialPoseConfig(), TrackerConfig())


def elsewhere(clip):
    """The last good pose of the centred mesh, far from where the object is."""
    last = CentredMesh.from_model(clip.model, 2000).centred(clip.T[0])
    last[:3, :3] = exp_rotation([0.0, 2.0, 0.0]) @ last[:3, :3]
    return last


def test_what_is_found_is_where_the_object_is_when_the_search_ends(clip, monkeypatch):
    advanced, advance = [], ViewSearch.advance
    monkeypatch.setattr(ViewSearch, "advance", lambda self: advanced.append(self) or advance(self))
    search, last, mesh = search_of(clip), elsewhere(clip), CentredMesh.from_model(clip.model, 2000)
    for i in range(FRAMES):
        T = search.advance(clip.cues(i), last)
        assert len(advanced) == i + 1  # one piece in each frame
        if T is not None:
            break
    assert 2 <= i < FRAMES - 1 and len(set(map(id, advanced))) == 1
    angle, distance = clip.errors(mesh.in_file_frame(T), i)
    assert angle < 2 and distance < 0.003
    moved = clip.errors(mesh.in_file_frame(T), 0)
    assert moved[0] > angle + 1 or moved[1] > distance + 0.003


def test_a_search_that_was_stopped_begins_anew(clip, monkeypatch):
    begun, start = [], ViewSearch.__init__
    monkeypatch.setattr(
        ViewSearch, "__init__", lambda self, *args: begun.append(args[2].frame_index) or start(self, *args)
    )
    search, last = search_of(clip), elsewhere(clip)
    search.advance(clip.cues(0), last)
    search.advance(clip.cues(1), last)
    search.stop()
    search.advance(clip.cues(2), last)
    assert begun == [0, 2]


def test_it_waits_for_a_mask(clip):
    search, last = search_of(clip), elsewhere(clip)
    for i in range(FRAMES):
        assert search.advance(replace(clip.cues(i), object_mask=None), last) is None
