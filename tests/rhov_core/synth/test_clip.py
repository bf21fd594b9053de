"""The files of a clip say the same thing: pictures, truth, cues, contact."""

import cv2
import mujoco
import numpy as np
import pytest
from small_clip import SPEC, load

from rhov_core.files import read_json
from rhov_core.pose import inverse, transform_points
from rhov_core.render import rasterize
from rhov_core.synth import synthesize
from rhov_core.synth.exact_distance import exact_distance
from rhov_core.video import VideoReader


def mask(folder, part, frame):
    image = cv2.imread(str(folder / part / f"{frame:06d}.png"), cv2.IMREAD_UNCHANGED)
    assert image is not None and set(np.unique(image)) <= {0, 255}
    return image > 0


def iou(a, b):
    return (a & b).sum() / max(1, (a | b).sum())


@pytest.mark.parametrize("which", ["picked", "left"])
def test_rendering_the_truth_gives_its_masks_and_depth(which, request):
    c = request.getfixturevalue(which)
    seen = 0
    for i in range(0, len(c.truth), 5):
        points = transform_points(c.truth.T_camera_object[i], c.model.vertices)
        for part, vertices, faces in (("object", points, c.model.faces), ("hand", c.hand_vertices[i], c.hand.faces)):
            _, inverse_depth = (a[0] for a in rasterize(vertices[None], faces, c.camera))
            full = inverse_depth > 0
            assert iou(full, mask(c.clip.folder, f"truth/masks_full/{part}", i)) >= 0.995
            visible = mask(c.clip.cues, f"masks/{part}", i)
            assert not (visible & ~full).any()
            depth = cv2.imread(str(c.clip.cues / f"depth/{i:06d}.png"), cv2.IMREAD_UNCHANGED) / 1000
            assert np.abs(depth[visible] - 1 / inverse_depth[visible]).max(initial=0) <= 0.001
            seen += visible.sum()
    assert seen > 3000


def seen_by_mujoco(vertices, faces, rays):
    """Which rays from the origin meet a mesh, by MuJoCo's ray caster."""
    spec = mujoco.MjSpec()
    mesh = spec.add_mesh(name="mesh", inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL)
    mesh.uservert, mesh.userface = vertices.ravel().tolist(), np.asarray(faces).ravel().tolist()
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname="mesh")
    model = spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    geom, distance = np.zeros(len(rays), np.int32), np.zeros(len(rays))
    origin, directions = np.zeros(3), np.ascontiguousarray(rays).ravel()
    mujoco.mj_multiRay(model, data, origin, directions, None, 1, -1, geom, distance, None, len(rays), 100.0)
    return geom >= 0


def test_an_independent_ray_caster_sees_the_same_silhouettes(picked):
    c = picked
    columns, rows = np.meshgrid(np.arange(c.camera.width), np.arange(c.camera.height))
    rays = c.camera.rays(np.stack([columns.ravel(), rows.ravel()], axis=1))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    for i, part in ((0, "object"), (12, "object"), (12, "hand")):
        points = transform_points(c.truth.T_camera_object[i], c.model.vertices)
        vertices, faces = (points, c.model.faces) if part == "object" else (c.hand_vertices[i], c.hand.faces)
        hit = seen_by_mujoco(vertices, faces, rays).reshape(rows.shape)
        full = mask(c.clip.folder, f"truth/masks_full/{part}", i)
        assert full.sum() > 500 and iou(hit, full) >= 0.99


@pytest.mark.parametrize("which", ["picked", "left"])
def test_the_parameters_give_the_joints(which, request):
    c = request.getfixturevalue(which)
    joints = c.hand.forward_numpy(c.truth.hand_pose, c.truth.hand_shape, c.truth.hand_translation).joints
    np.testing.assert_allclose(joints, c.truth.hand_joints, atol=1e-9)
    assert c.truth.hand_side == c.hand.side == c.clip.spec.side


def test_tracks_follow_points_of_the_surfaces(picked):
    c, checked = picked, 0
    for i in range(1, len(c.truth)):
        tracks = np.load(c.clip.cues / f"flow/{i:06d}.npy").astype(np.float64)
        assert tracks.shape[1] == 4
        source, target = tracks[:, :2], tracks[:, 2:]
        on_object = mask(c.clip.cues, "masks/object", i - 1)[source[:, 1].astype(int), source[:, 0].astype(int)]
        # back to the object by the exact depth, and forth with the pose of the next frame
        points = transform_points(c.truth.T_camera_object[i - 1], c.model.vertices)
        inverse_depth = rasterize(points[None], c.model.faces, c.camera)[1][0]
        x, y = source[on_object].astype(int).T
        at_first = c.camera.rays(source[on_object]) / inverse_depth[y, x][:, None]
        T = c.truth.T_camera_object[i] @ inverse(c.truth.T_camera_object[i - 1])
        np.testing.assert_allclose(c.camera.project(transform_points(T, at_first)), target[on_object], atol=0.02)
        on_hand = ~on_object
        assert mask(c.clip.cues, "masks/hand", i - 1)[
            source[on_hand, 1].astype(int), source[on_hand, 0].astype(int)
        ].all()
        u, v = np.rint(target[on_hand]).astype(int).T
        assert mask(c.clip.cues, "masks/hand", i)[v, u].all()
        checked += len(tracks)
    assert checked > 2000


def test_tracks_warp_the_pictures_onto_each_other(picked):
    frames = [cv2.cvtColor(f.image, cv2.COLOR_BGR2GRAY).astype(float) for f in VideoReader(picked.clip.video)]
    still, moved = [], []
    for i in range(6, len(frames)):
        tracks = np.load(picked.clip.cues / f"flow/{i:06d}.npy")
        far = np.linalg.norm(tracks[:, :2] - tracks[:, 2:], axis=1) > 3
        source, target = np.rint(tracks[far, :2]).astype(int), np.rint(tracks[far, 2:]).astype(int)
        before = cv2.GaussianBlur(frames[i - 1], (0, 0), 1)[source[:, 1], source[:, 0]]
        after = cv2.GaussianBlur(frames[i], (0, 0), 1)
        moved += np.abs(after[target[:, 1], target[:, 0]] - before).tolist()
        still += np.abs(after[source[:, 1], source[:, 0]] - before).tolist()
    assert len(moved) > 200 and np.mean(moved) < 0.7 * np.mean(still)


def test_hands_of_the_cues_are_the_truth(picked):
    with np.load(picked.clip.cues / "hands.npz") as hands:
        listed = hands["frame_index"]
        assert len(listed) >= 12 and str(hands["model"]) == picked.hand.name
        np.testing.assert_array_equal(hands["pose"], picked.truth.hand_pose[listed])
        np.testing.assert_allclose(hands["keypoints"], picked.camera.project(hands["joints"]))
    assert picked.truth.hand_valid[listed].all() and picked.truth.hand_valid.sum() == len(listed)


@pytest.mark.parametrize("which", ["picked", "left"])
def test_a_held_object_moves_with_the_hand_and_is_not_entered(which, request):
    c = request.getfixturevalue(which)
    in_object = transform_points(inverse(c.truth.T_camera_object), c.hand_vertices)
    held = c.contact["held"]
    assert held.sum() >= 5
    assert np.ptp(in_object[held], axis=0).max() < 1e-6
    first = int(np.flatnonzero(held)[0])
    distance = exact_distance(in_object[first], c.model.vertices, c.model.faces)
    assert -0.003 <= distance.min() <= 0.002
    np.testing.assert_array_equal(c.contact["touching"][first], distance < 0.002)
    np.testing.assert_allclose(c.contact["fingertip_distance"][first], distance[c.hand.tip_vertices], atol=1e-9)
    assert c.contact["penetration"].max() <= 0.0035
    assert c.contact["touching"][first].sum() >= 5


def test_the_object_rests_while_it_is_not_held(picked):
    held, T = picked.contact["held"], picked.truth.T_camera_object
    assert not held[0] and not held[-1] and held.any()
    begin, end = np.flatnonzero(held)[[0, -1]]
    for part in (T[:begin], T[end + 1 :]):
        assert np.ptp(part, axis=0).max() < 1e-9
    T_world_camera = inverse(np.array(picked.about["T_camera_world"]))
    lowest = [transform_points(T_world_camera @ pose, picked.model.vertices)[:, 2].min() for pose in T]
    assert np.abs(np.array(lowest)[~held]).max() < 1e-4
    assert max(lowest) > 0.05 and min(lowest) > -0.001
    assert np.linalg.norm(T[0, :3, 3] - T[-1, :3, 3]) > 0.01


def test_the_box_and_the_occlusion_fit_the_first_frame(picked):
    x, y, w, h = picked.clip.box
    rows, columns = np.nonzero(mask(picked.clip.folder, "truth/masks_full/object", 0))
    assert x <= columns.min() and y <= rows.min() and columns.max() <= x + w and rows.max() <= y + h
    assert w * h < 2.5 * (np.ptp(columns) + 1) * (np.ptp(rows) + 1)
    for i in (0, 10):
        whole = mask(picked.clip.folder, "truth/masks_full/object", i)
        visible = mask(picked.clip.cues, "masks/object", i)
        assert picked.about["occlusion"][i] == pytest.approx(1 - visible.sum() / whole.sum(), abs=1e-9)


def test_the_same_spec_gives_the_same_clip(picked, tmp_path):
    again = load(synthesize(SPEC, tmp_path))
    np.testing.assert_array_equal(again.truth.T_camera_object, picked.truth.T_camera_object)
    np.testing.assert_array_equal(again.truth.hand_pose, picked.truth.hand_pose)
    for a, b in zip(VideoReader(again.clip.video), VideoReader(picked.clip.video), strict=True):
        np.testing.assert_array_equal(a.image, b.image)


def test_a_finished_clip_is_not_rendered_again(picked):
    before = picked.clip.video.stat().st_mtime_ns
    told = []
    again = synthesize(SPEC, picked.clip.folder, progress=told.append)
    assert again == picked.clip and told == [1.0]
    assert picked.clip.video.stat().st_mtime_ns == before
    assert read_json(picked.clip.folder / "clip.json")["spec"]["action"] == "pick"


def test_the_mesh_has_the_colors_of_the_pictures(picked):
    """At the true pose the picture shows the mesh's colours; at the poses that look alike without them it does not."""
    colors, truth, camera = picked.model.colors, picked.truth.T_camera_object[0], picked.camera
    (_, _, image) = next(iter(VideoReader(picked.clip.video)))
    seen = mask(picked.clip.cues, "masks/object", 0)

    def agreement(T):
        points = transform_points(T, colors.points)
        pixels = np.rint(camera.project(points)).astype(int)
        depth = rasterize(transform_points(T, picked.model.vertices)[None], picked.model.faces, camera)[1][0]
        inside = ((pixels >= 0) & (pixels < [camera.width, camera.height])).all(1)
        x, y = pixels[inside].T
        visible = seen[y, x] & (np.abs(1 / np.maximum(depth[y, x], 1e-9) - points[inside, 2]) < 0.001)
        of_picture, of_mesh = image[y, x][visible][:, ::-1], colors.colors[inside][visible]
        return np.mean([np.corrcoef(of_picture[:, c], of_mesh[:, c])[0, 1] for c in range(3)])

    right, *others = (agreement(truth @ S) for S in picked.model.symmetries)
    assert len(others) == 3 and right > 0.5 and max(others) < right - 0.3, (right, others)
