import folders
import numpy as np
import pytest

from rhov_core.datasets import mow
from rhov_core.errors import InputError
from rhov_core.hand import HandModel
from rhov_core.pose import exp_rotation, transform_points

ID = "board_food_v_x_frame000082"


@pytest.fixture
def annotation():
    rng = np.random.default_rng(2)
    return {
        "image_id": ID,
        "obj_name": "board",
        "R": exp_rotation([0.4, -0.2, 0.9]).ravel().tolist(),
        "t": [0.2, -0.1, 9.0],
        "s": 0.3,
        "hand_R": exp_rotation([0.0, 0.1, 0.0]).ravel().tolist(),
        "hand_t": [0.1, -0.2, 1.5],
        "hand_s": 1.6,
        "hand_pose": rng.normal(0, 0.4, 48).tolist(),
        "trans": [-0.1, 0.05, 0.02],
    }


@pytest.fixture
def root(tmp_path, annotation):
    folders.write_json(tmp_path / "poses.json", [annotation, {**annotation, "image_id": "not downloaded"}])
    folders.write_image(tmp_path / "images" / f"{ID}.jpg", size=(300, 400))
    folders.write_obj(tmp_path / "models" / f"{ID}.obj", folders.BOX.vertices * 7 + [1, 2, 3])
    return tmp_path


def rendered_by_the_authors(raw, a):
    """What vis_anno.py does to a mesh: neural_renderer's normalisation, centring, mirroring, then (v R + t) s."""
    v = raw - raw.min(0)
    v = v / np.abs(v).max() * 2
    v = v - v.max(0) / 2
    v = v - v.mean(0)
    v[:, 1] *= -1
    return (v @ np.reshape(a["R"], (3, 3)) + a["t"]) * a["s"]


def test_the_object_is_where_the_authors_render_it_in_a_scene_of_hand_size(root, annotation):
    clip = mow.load_clip(root, ID)
    raw = folders.BOX.vertices * 7 + [1, 2, 3]
    expected = rendered_by_the_authors(raw, annotation) / annotation["hand_s"]
    found = transform_points(clip.T_camera_object[0], clip.place_vertices(raw))
    np.testing.assert_allclose(found, expected, atol=1e-9)
    model = clip.object_model()
    assert np.ptp(model.vertices, axis=0).max() == pytest.approx(2 * 0.3 / 1.6)
    assert len(clip) == 1 and clip.depth(0) is None and not clip.hand.valid.any()


def test_the_camera_sees_a_point_where_the_padded_square_does(root):
    clip = mow.load_clip(root, ID)
    # In the authors' camera x / z = 0.5 is the right edge of the 400 pixel square, 399.5 where pixel centres are whole.
    np.testing.assert_allclose(clip.camera.project([[0.5, -0.5, 1.0]]), [[399.5, -0.5]])
    assert (clip.camera.width, clip.camera.height) == (400, 300)


def test_the_hand_is_where_the_authors_render_it(root, annotation, mano_path):
    hand = mow.load_clip(root, ID, mano=mano_path).hand
    model = HandModel.load(mano_path)
    pose = np.array(annotation["hand_pose"])
    pose[3:] += model.prior_mean
    joints = model.forward_numpy(pose[None], np.zeros(10), np.array([annotation["trans"]])).joints[0]
    expected = joints @ np.reshape(annotation["hand_R"], (3, 3)) + annotation["hand_t"]
    np.testing.assert_allclose(hand.joints[0], expected, atol=1e-9)
    again = model.forward_numpy(hand.pose, hand.shape, hand.translation)
    np.testing.assert_allclose(again.joints[0], expected, atol=1e-9)


def test_names_are_those_that_were_downloaded(root, annotation):
    assert mow.clip_names(root) == [ID]
    with pytest.raises(InputError, match="no clip 'not downloaded'"):
        mow.load_clip(root, "not downloaded")
    with pytest.raises(InputError, match="no splits"):
        mow.clip_names(root, "test")
    folders.write_json(root / "poses.json", [{k: v for k, v in annotation.items() if k != "t"}])
    with pytest.raises(InputError, match="KeyError"):
        mow.load_clip(root, ID)
    (root / "poses.json").unlink()
    with pytest.raises(InputError, match=r"poses.json is missing.*mow.zip"):
        mow.clip_names(root)
