"""The first pose, from masks of known poses."""

from dataclasses import replace

import numpy as np
import pytest

from rhov_core.errors import InputError
from rhov_core.object_model import ObjectModel
from rhov_core.pose import exp_rotation, make_transform, perturb
from rhov_optimizer.initialise import InitialPoseConfig, find_initial_pose, refine_initial_pose
from rhov_optimizer.initialise.refine import FINE, ContourFit
from rhov_optimizer.initialise.sweep import widen
from rhov_optimizer.registration.hand_depth import HandDepth
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.surface import SurfaceView


def placed(model, rotation, depth):
    """A pose whose view is centred a little off the optical axis."""
    R = exp_rotation(rotation)
    centre = (model.vertices.min(0) + model.vertices.max(0)) / 2
    return make_transform(R, np.array([-0.03, 0.02, depth]) - R @ centre)


VIEWS = [(0.3, 0.4, 0.2), (1.2, -0.7, 0.4), (-0.9, 2.0, 0.5), (2.2, 0.6, -1.4), (-1.6, -1.0, 1.5)]


@pytest.mark.parametrize("view", VIEWS)
def test_first_pose_with_a_third_hidden_by_the_hand(model, clip_of, view):
    clip = clip_of(model, placed(model, view, 0.45)[None], hidden=0.3)
    found = find_initial_pose(model, clip.camera, clip.cues(0), clip)
    angle, distance = clip.errors(found.T, 0)
    assert angle < 3
    assert distance < 0.01 * 0.45
    assert found.iou > 0.95 and found.margin > 0.01
    assert [c.iou for c in found.candidates[1:]] == sorted([c.iou for c in found.candidates[1:]], reverse=True)


@pytest.mark.parametrize("view", VIEWS[1:4])
def test_a_symmetric_object_is_found_up_to_its_symmetry(clip_of, view):
    box = ObjectModel.box((0.258, 0.189, 0.075))
    clip = clip_of(box, placed(box, view, 0.7)[None], hidden=0.15)
    found = find_initial_pose(box, clip.camera, clip.cues(0), clip)
    angle, distance = clip.errors(found.T, 0)
    assert angle < 3
    assert distance < 0.01 * 0.7


def test_a_hypothesis_loses_what_the_hand_contradicts_and_is_drawn_to_it_at_first_only(model, clip_of):
    mesh = CentredMesh.from_model(model, 2000)
    clip = clip_of(model, placed(model, VIEWS[0], 0.45)[None], hidden=0.3)
    T, hand = mesh.centred(clip.T[0]), HandDepth(depth=0.55, sigma=0.03, share=0.5)
    scene = mesh, clip.camera, clip.mask(0), widen(clip.hand(0), 6), FINE
    plain, judged, drawn = ContourFit(*scene), ContourFit(*scene, hand), ContourFit(*scene, hand, drawn=True)
    assert hand.penalty(T) > 0.05
    assert judged.score(T) == pytest.approx(plain.score(T) - hand.penalty(T))
    rough = perturb(T, [0.004, -0.003, 0.01, 0.06, -0.05, 0.04])
    np.testing.assert_array_equal(judged.fit(rough)[0], plain.fit(rough)[0])
    assert drawn.fit(rough)[0][2, 3] > plain.fit(rough)[0][2, 3]


def test_a_fit_is_given_up_that_explains_the_mask_no_better(model, clip_of):
    mesh = CentredMesh.from_model(model, 2000)
    clip = clip_of(model, placed(model, VIEWS[0], 0.45)[None], hidden=0.3)
    T = mesh.centred(clip.T[0])
    fit = ContourFit(mesh, clip.camera, clip.mask(0), widen(clip.hand(0), 6), FINE)
    for start in (T, perturb(T, [0.004, -0.003, 0.01, 0.06, -0.05, 0.04])):
        fitted, score = fit.fit(start)
        assert score == pytest.approx(fit.score(fitted)) and score >= fit.score(start)
    best = fit.fit(T)[0]
    np.testing.assert_array_equal(
        ContourFit(
            mesh,
            clip.camera,
            SurfaceView.draw(mesh, clip.camera, best).silhouette(),
            np.zeros((480, 640), np.bool_),
            FINE,
        ).fit(best)[0],
        best,
    )


def test_what_is_seen_next_to_the_hand_must_be_covered(model, clip_of):
    mesh = CentredMesh.from_model(model, 2000)
    clip = clip_of(model, placed(model, VIEWS[0], 0.45)[None], hidden=0.3)
    T = mesh.centred(clip.T[0])
    mask = clip.mask(0)
    columns = np.flatnonzero(mask.any(0))
    near_the_hand = np.ones_like(mask)
    near_the_hand[:, : columns[0] + 12] = False
    fit = ContourFit(mesh, clip.camera, mask, near_the_hand, FINE)
    right, covers_the_left_only = fit.score(T), fit.score(perturb(T, [-0.03, 0.0, 0.0, 0.0, 0.0, 0.0]))
    assert right > 0.97 and covers_the_left_only < 0.9


def test_without_a_segmenter_the_mask_has_to_do(model, clip_of):
    clip = clip_of(model, placed(model, VIEWS[0], 0.45)[None], hidden=0.0)
    found = find_initial_pose(model, clip.camera, clip.cues(0), None)
    assert clip.errors(found.T, 0)[0] < 3
    assert not clip.segmented


def test_the_margin_is_small_where_the_outline_cannot_decide(model, clip_of):
    box = ObjectModel.box((0.258, 0.189, 0.075))
    sides = [placed(box, VIEWS[0], 4.0), placed(model, VIEWS[0], 0.45)]  # far away, a box may be seen from either side
    margins = [
        find_initial_pose(m, c.camera, c.cues(0), c).margin
        for m, T in zip((box, model), sides, strict=True)
        for c in [clip_of(m, T[None], hidden=0.0)]
    ]
    assert margins[0] < 0.02 < margins[1]


def test_the_same_mask_gives_the_same_pose(model, clip_of):
    clip = clip_of(model, placed(model, VIEWS[1], 0.45)[None])
    config = InitialPoseConfig(views=100, refined=20)
    first, second = (find_initial_pose(model, clip.camera, clip.cues(0), clip, config) for _ in range(2))
    assert np.array_equal(first.T, second.T)


def test_a_given_pose_is_refined(model, clip_of):
    T = placed(model, VIEWS[2], 0.45)
    clip = clip_of(model, T[None])
    rough = perturb(T, [0.004, -0.003, 0.01, 0.06, -0.05, 0.04])
    found = refine_initial_pose(model, clip.camera, clip.cues(0), rough, clip)
    angle, distance = clip.errors(found.T, 0)
    assert angle < 1 and distance < 0.003
    assert len(found.candidates) == 1


def test_a_given_pose_without_any_mask_is_kept(model, clip_of):
    T = placed(model, VIEWS[2], 0.45)
    clip = clip_of(model, T[None])
    cues = replace(clip.cues(0), object_mask=None)
    found = refine_initial_pose(model, clip.camera, cues, T)
    assert np.allclose(found.T, T) and np.isnan(found.iou)


@pytest.mark.parametrize("t", [(0, 0, -0.5), (3.0, 0, 0.5)])
def test_a_given_pose_that_shows_nothing_is_refused(model, clip_of, t):
    clip = clip_of(model, placed(model, VIEWS[0], 0.45)[None])
    with pytest.raises(InputError, match="initial pose"):
        refine_initial_pose(model, clip.camera, clip.cues(0), make_transform(np.eye(3), t), clip)


def test_a_missing_or_tiny_mask_is_refused(model, clip_of):
    clip = clip_of(model, placed(model, VIEWS[0], 0.45)[None])
    cues = clip.cues(0)
    tiny = np.zeros((480, 640), np.bool_)
    tiny[:10, :10] = True
    for mask in (None, tiny):
        with pytest.raises(InputError, match="mask"):
            find_initial_pose(model, clip.camera, replace(cues, object_mask=mask), clip)


def test_a_mask_that_lies_under_the_hand_is_refused(model, clip_of):
    clip = clip_of(model, placed(model, VIEWS[0], 0.45)[None])
    everywhere = np.ones((480, 640), np.bool_)
    with pytest.raises(InputError, match="under the hand"):
        find_initial_pose(model, clip.camera, replace(clip.cues(0), hand_mask=everywhere), clip)
