"""What each cue contributes to the fit of a frame."""

from dataclasses import replace

import numpy as np
import pytest

from rhov_core.pose import exp_rotation, make_transform, perturb, rotation_angle
from rhov_core.trajectory import ObjectState
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.tracking.config import TrackerConfig
from rhov_optimizer.tracking.flow import FlowTracks
from rhov_optimizer.tracking.frame_fitter import FrameFitter
from rhov_optimizer.tracking.keyframes import Keyframe, KeyframeStore

CONFIG = TrackerConfig()


class Scene:
    """The second frame of a clip, with what is known from the first."""

    def __init__(self, model, clip_of, motion):
        self.mesh = CentredMesh.from_model(model, 2000)
        start = make_transform(exp_rotation([0.3, 0.4, 0.2]), [-0.02, 0.0, 0.45])
        self.clip = clip_of(model, motion(2, self.mesh.in_file_frame(start)))
        self.truth = [self.mesh.centred(T) for T in self.clip.T]
        self.view = SurfaceView.draw(self.mesh, self.clip.camera, self.truth[0])
        self.store = KeyframeStore(CONFIG.feature_ratio)
        self.fitter = FrameFitter(self.mesh, self.clip.camera, self.clip, self.store, CONFIG)
        self.cues = self.clip.cues(1)
        self.flow = FlowTracks.on_object(self.cues, self.view, CONFIG)
        first = self.clip.cues(0)
        self.keyframe = Keyframe.from_view(
            0, self.view, first.feature_positions, first.feature_descriptors, first.hand_mask, 0.25, 500
        )

    def matches(self):
        return self.store.match(
            self.truth[1],
            self.clip.camera.K,
            self.cues.feature_positions,
            self.cues.feature_descriptors,
            gate=40.0,
            count=3,
        )


@pytest.fixture
def scene(model, clip_of, motion):
    return Scene(model, clip_of, motion)


def test_every_cue_adds_information(scene):
    scene.store.add(scene.keyframe)
    blind = replace(scene.cues, object_mask=None)
    maskless = FrameFitter(scene.mesh, scene.clip.camera, None, scene.store, CONFIG)
    T = scene.truth[1]
    contour = scene.fitter.fit(scene.cues, T, searched=False).information
    flow = maskless.fit(blind, T, scene.flow, searched=False).information
    features = maskless.fit(blind, T, None, scene.matches(), searched=False).information
    both = maskless.fit(blind, T, scene.flow, scene.matches(), searched=False).information
    everything = scene.fitter.fit(scene.cues, T, scene.flow, scene.matches(), searched=False).information
    for part in (contour, flow, features):
        assert np.linalg.eigvalsh(part).min() > 0
    assert both == pytest.approx(flow + features, rel=0.1, abs=1e-2 * np.abs(both).max())
    assert everything == pytest.approx(contour + both, rel=0.1, abs=2e-2 * np.abs(everything).max())


def test_flow_tracks_start_on_the_object_and_not_on_the_hand(scene):
    silhouette, hand = scene.view.silhouette(), scene.clip.hand(0)
    column, row = np.rint(scene.flow.source).astype(int).T
    assert len(scene.flow) > 60
    assert silhouette[row, column].all() and not hand[row, column].any()
    assert np.median(scene.flow.term.residuals(scene.truth[1])) < 1
    fewer = FlowTracks.on_object(scene.cues, scene.view, TrackerConfig(flow_points=40))
    assert 30 < len(fewer) <= 40


def test_where_the_flow_leads_a_border_with_something_unknown_does_not_pull(scene):
    mask = scene.clip.mask(1)
    columns = np.nonzero(mask)[1]
    mask[:, : columns.min() + 14] = False  # something covers a strip on the left and is in no mask
    cut = FrameFitter(scene.mesh, scene.clip.camera, None, scene.store, CONFIG)
    moved = cut.fit(scene.cues.with_object_mask(mask), scene.truth[1], scene.flow, searched=False).T
    turned = np.degrees(rotation_angle(moved[:3, :3] @ scene.truth[1][:3, :3].T))
    assert turned < 1 and np.linalg.norm(moved[:3, 3] - scene.truth[1][:3, 3]) < 0.003


def test_known_features_must_be_found_again(scene):
    scene.store.add(scene.keyframe)
    nothing = replace(scene.cues, feature_positions=np.zeros((0, 2)), feature_descriptors=np.zeros((0, 32), np.uint8))
    assert scene.fitter.attempt(scene.cues, scene.truth[1], scene.flow, searched=False).state == ObjectState.TRACKED
    assert scene.fitter.attempt(nothing, scene.truth[1], None, searched=False).state == ObjectState.LOST


def test_missed_features_are_excused_where_flow_and_an_independent_mask_agree(scene):
    scene.store.add(scene.keyframe)
    nothing = replace(scene.cues, feature_positions=np.zeros((0, 2)), feature_descriptors=np.zeros((0, 32), np.uint8))
    assert scene.fitter.attempt(nothing, scene.truth[1], scene.flow, searched=False).state == ObjectState.TRACKED
    few = FlowTracks.on_object(scene.cues, scene.view, TrackerConfig(flow_points=25))
    assert scene.fitter.attempt(nothing, scene.truth[1], few, searched=False).state == ObjectState.TRACKED
    elsewhere = nothing.with_object_mask(np.roll(nothing.object_mask, 12, axis=1))
    assert scene.fitter.attempt(elsewhere, scene.truth[1], few, searched=False).state == ObjectState.LOST
    assert scene.fitter.attempt(elsewhere, scene.truth[1], scene.flow, searched=False).state == ObjectState.TRACKED


def test_what_something_unknown_hides_does_not_speak_against_a_pose_that_the_flow_carries(scene):
    mask = scene.clip.mask(1)
    columns = np.nonzero(mask)[1]
    mask[:, : int(np.percentile(columns, 35))] = False  # an arm covers a third and is in no mask
    cues = scene.cues.with_object_mask(mask)
    alone = FrameFitter(scene.mesh, scene.clip.camera, None, scene.store, CONFIG)
    fit = alone.fit(cues, scene.truth[1], scene.flow, searched=False)
    assert fit.iou < CONFIG.least_iou and fit.state == ObjectState.TRACKED
    assert alone.fit(cues, scene.truth[1], None, searched=False).state == ObjectState.LOST
    assert np.count_nonzero(fit.observation.excluded) > np.count_nonzero(fit.observation.hand) + 500


def test_features_are_not_expected_any_more_once_they_are_not_found_again(scene):
    scene.store.add(scene.keyframe)
    nothing = replace(scene.cues, feature_positions=np.zeros((0, 2)), feature_descriptors=np.zeros((0, 32), np.uint8))
    assert scene.fitter.attempt(nothing, scene.truth[1], None, searched=True).state == ObjectState.LOST
    for _ in range(8):
        scene.fitter.attempt(nothing, scene.truth[1], scene.flow, searched=False)
    assert scene.fitter.attempt(nothing, scene.truth[1], None, searched=True).state == ObjectState.REINITIALISED
    for _ in range(8):
        scene.fitter.attempt(scene.cues, scene.truth[1], scene.flow, searched=False)
    assert scene.fitter.attempt(nothing, scene.truth[1], None, searched=True).state == ObjectState.LOST


def test_without_features_a_pose_far_from_the_hand_that_holds_it_is_not_believed(scene, hand_at):
    T = scene.truth[1]
    hidden = replace(scene.cues, hand_mask=scene.clip.hand(1) | (np.indices((480, 640))[1] < 300))
    near, far = (replace(hidden, hand=hand_at(T[2, 3] + z)) for z in (0.0, 0.4))
    assert scene.fitter.fit(near, T, searched=False).state == ObjectState.TRACKED
    assert scene.fitter.fit(far, T, searched=False).state == ObjectState.LOST
    # where the flow carries the pose on and both masks agree with it, it is the hand that is far
    assert scene.fitter.fit(far, T, scene.flow, searched=False).state == ObjectState.TRACKED
    masked = far.with_object_mask(np.roll(far.object_mask, 12, axis=1))
    assert scene.fitter.fit(masked, T, scene.flow, searched=False).state == ObjectState.LOST


def test_the_flow_may_lead_to_a_side_whose_features_are_not_known(scene):
    other_side = replace(scene.keyframe, rotation=exp_rotation([0, 2.5, 0]) @ scene.keyframe.rotation)
    scene.store.add(other_side)
    bare = replace(scene.cues, feature_positions=np.zeros((0, 2)), feature_descriptors=np.zeros((0, 32), np.uint8))
    assert scene.fitter.attempt(bare, scene.truth[1], scene.flow, searched=False).state == ObjectState.TRACKED
    assert scene.fitter.attempt(bare, scene.truth[1], None, searched=False).state == ObjectState.LOST  # after a jump


def test_a_prediction_outside_the_gate_is_saved_by_texture(scene):
    scene.store.add(scene.keyframe)
    far = perturb(scene.truth[1], [0.08, 0.02, 0.05, 0.3, -0.2, 0.4])
    fit = scene.fitter.attempt(scene.cues, far, None, searched=False)
    assert fit.state == ObjectState.REINITIALISED
    assert np.abs(fit.T - scene.truth[1]).max() < 0.01
