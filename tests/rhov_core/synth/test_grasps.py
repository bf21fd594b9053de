"""Grasps: on the surface, hardly in it, within the joints' limits, reachable, the same for the same seed."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from scipy.spatial import cKDTree

from rhov_core.hand import FINGER_JOINTS, FINGERS, HandModel, JointLimits
from rhov_core.hand.anatomy import palm_axes
from rhov_core.object_model import ObjectModel
from rhov_core.sdf import SignedDistanceGrid
from rhov_core.synth.exact_distance import exact_distance
from rhov_core.synth.grasp_object import GraspObject
from rhov_core.synth.grasp_pose import GraspPose
from rhov_core.synth.grasps import find_grasps
from rhov_core.synth.hand_skin import Field, distance_at, hand_skin, posed
from rhov_core.synth.hold import Hold, measured
from rhov_core.synth.objects import OBJECTS
from rhov_core.synth.primitives import egg, rounded_cuboid
from rhov_core.synth.ray import first_crossing

NAMES = ("can", "scissors", "drill")
COUNT = 2


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def hand():
    return HandModel.load()


@pytest.fixture(scope="module")
def found(cache, hand):
    return {name: find_grasps(OBJECTS[name], hand, 3, COUNT) for name in NAMES}


def outside(mesh, points):
    """Signed distances to a mesh, positive outside, without the code under test.

    Triangle by triangle with trimesh near the surface; further away to the nearest of many points of the surface.
    """
    samples = trimesh.sample.sample_surface(mesh, 20000, seed=0)[0]
    out = cKDTree(samples).query(points)[0]
    for i, point in enumerate(points):
        a, b, c = np.moveaxis(mesh.triangles - point, 1, 0)
        la, lb, lc = (np.linalg.norm(x, axis=1) for x in (a, b, c))
        volume = np.einsum("ij,ij->i", a, np.cross(b, c))
        corner = la * lb * lc + (a * b).sum(1) * lc + (b * c).sum(1) * la + (c * a).sum(1) * lb
        if out[i] < 0.006:
            closest = trimesh.triangles.closest_point(mesh.triangles, np.broadcast_to(point, a.shape))
            out[i] = np.linalg.norm(closest - point, axis=1).min()
        if np.arctan2(volume, corner).sum() > np.pi:  # half the solid angles: they add up to 4 pi inside
            out[i] = -out[i]
    return out


def signed(name, points):
    """The same to an object."""
    model = OBJECTS[name].load()
    return outside(trimesh.Trimesh(model.vertices, model.faces, process=False), points)


def vertices(hand, grasp, pose=None, shift=0.0):
    where = grasp.translation - shift * grasp.approach
    return hand.forward_numpy(grasp.pose if pose is None else pose, np.zeros(10), where).vertices[0]


def finger(hand, name):
    return np.flatnonzero(hand.weights[:, list(FINGER_JOINTS[name])].sum(1) > 0.5)


@pytest.mark.parametrize("name", NAMES)
def test_fingers_lie_on_the_surface(name, found, hand):
    assert len(found[name]) == COUNT
    for grasp in found[name]:
        distance = signed(name, vertices(hand, grasp))
        assert distance.min() > -0.0015 - 1e-5
        assert max(0, -distance.min()) <= grasp.penetration + 1e-5
        near = [f for f in FINGERS if distance[finger(hand, f)].min() < 0.003]
        assert tuple(near) == grasp.touching
        assert grasp.thumb_gap == pytest.approx(distance[finger(hand, "thumb")].min(), abs=1e-5)
        if grasp.grip == "power":
            assert near == list(FINGERS)
        else:
            assert {"thumb", "index", "middle"} <= set(near)
            pads = [hand.fingertip_vertices[f] for f in ("thumb", "index", "middle")]
            assert max(distance[pad].min() for pad in pads) < 0.003


@pytest.mark.parametrize("name", NAMES)
def test_edges_of_the_object_do_not_poke_into_the_hand(name, found, hand):
    model = OBJECTS[name].load()
    points = trimesh.sample.sample_surface(trimesh.Trimesh(model.vertices, model.faces, process=False), 3000, seed=1)[0]
    for grasp in found[name]:
        surface = trimesh.Trimesh(vertices(hand, grasp), hand.faces, process=False)
        near = points[cKDTree(surface.vertices).query(points)[0] < 0.006]
        assert outside(surface, near).min(initial=0.0) > -0.003


def test_pinching_pads_face_each_other(found, hand):
    pinches = [(n, g) for n in NAMES for g in found[n] if g.grip == "pinch"]
    assert pinches
    for name, grasp in pinches:
        model = OBJECTS[name].load()
        mesh, points = trimesh.Trimesh(model.vertices, model.faces, process=False), vertices(hand, grasp)
        normals = []
        for f in ("thumb", "index", "middle"):
            samples, face = trimesh.sample.sample_surface(mesh, 20000, seed=0)
            far, nearest = cKDTree(samples).query(points[hand.fingertip_vertices[f]])
            normals.append(mesh.face_normals[face[nearest[far.argmin()]]])
        assert normals[0] @ (normals[1] + normals[2]) < 0


@pytest.mark.parametrize("name", NAMES)
def test_joints_stay_within_their_limits(name, found, hand):
    limits = JointLimits.of(hand)
    for grasp in found[name]:
        for pose in (grasp.pose, grasp.open_pose):
            angles = limits.angles(pose)
            assert (angles > limits.lower - 1e-6).all() and (angles < limits.upper + 1e-6).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_hand_can_come_and_close_without_passing_through_anything(name, found, hand):
    T = OBJECTS[name].T_world_object
    for grasp in found[name]:
        assert np.linalg.norm(grasp.approach) == pytest.approx(1.0)
        np.testing.assert_array_equal(grasp.pose[:3], grasp.open_pose[:3])
        closing = [grasp.open_pose + s * (grasp.pose - grasp.open_pose) for s in (0.0, 0.33, 0.67)]
        moments = [vertices(hand, grasp, pose) for pose in closing]
        moments += [vertices(hand, grasp, grasp.open_pose, way) for way in (0.03, 0.08, 0.12)]
        for points in moments:
            assert signed(name, points[::6]).min() > -0.003
        for points in (vertices(hand, grasp), *moments):
            assert (points @ T[2, :3] + T[2, 3]).min() > -0.0035
        tips = hand.tip_vertices[:2]
        assert (signed(name, moments[0][tips]) > signed(name, vertices(hand, grasp)[tips]) + 0.004).all()


def test_the_same_seed_gives_the_same_grasps_and_another_one_others(found, cache, hand):
    again = find_grasps(OBJECTS["can"], hand, 3, COUNT)  # from the disk
    files = sorted((cache / "rhov" / "grasps").glob("can-right-3-*.npz"))
    assert len(files) == 1
    files[0].unlink()
    anew = find_grasps(OBJECTS["can"], hand, 3, COUNT)
    for one, two, three in zip(found["can"], again, anew, strict=True):
        np.testing.assert_array_equal(one.pose, two.pose)
        np.testing.assert_array_equal(one.pose, three.pose)
        np.testing.assert_array_equal(one.translation, three.translation)
        assert one.touching == two.touching == three.touching and one.grip == two.grip
    other = find_grasps(OBJECTS["can"], hand, 4, 1)
    assert np.abs(other[0].translation - found["can"][0].translation).max() > 1e-4


def test_grasps_differ(found):
    for grasps in found.values():
        for i, a in enumerate(grasps):
            for b in grasps[:i]:
                assert np.abs(np.concatenate([a.pose - b.pose, 10 * (a.translation - b.translation)])).max() > 0.05


def test_a_left_hand_grasps_as_well(cache):
    left = HandModel.load(side="left")
    for grasp in find_grasps(OBJECTS["can"], left, 3, 2):
        distance = signed("can", vertices(left, grasp))
        assert distance.min() > -0.0015 - 1e-5
        assert sum(distance[finger(left, f)].min() < 0.003 for f in FINGERS) >= 3
        assert grasp.thumb_gap == pytest.approx(distance[finger(left, "thumb")].min(), abs=1e-5)


def test_compiled_skinning_is_that_of_the_model(hand):
    rng, skin, limits = np.random.default_rng(0), hand_skin(hand), JointLimits.of(hand)
    angles = rng.uniform(limits.lower, limits.upper)
    pose = np.concatenate([np.zeros(3), limits.pose_from_angles(angles)])
    expected = hand.forward_numpy(pose, np.zeros(10), [0.1, 0.2, 0.3]).vertices[0]
    got = posed(skin, np.eye(3), np.array([0.1, 0.2, 0.3]), angles)
    order = np.lexsort(expected.T.round(9)), np.lexsort(got.T.round(9))
    np.testing.assert_allclose(got[order[1]], expected[order[0]], atol=1e-9)


def test_exact_distances_and_rays_agree_with_another_library(hand):
    v, f = egg(0.08, 0.06)
    mesh = trimesh.Trimesh(v, f, process=False)
    points = np.random.default_rng(0).uniform(-0.05, 0.05, (200, 3))
    points = points[np.abs(outside(mesh, points)) < 0.005]
    assert len(points) > 20
    expected = outside(mesh, points)
    np.testing.assert_allclose(exact_distance(points, v, f), expected, atol=1e-9)
    np.testing.assert_allclose(exact_distance(points, v, f, True), np.minimum(expected, 0), atol=1e-9)
    way, normal = first_crossing(np.zeros(3), np.array([0.0, 0.0, 1.0]) + 1e-9, v, f)
    assert way == pytest.approx(0.04, rel=1e-3) and normal[2] > 0.99
    assert first_crossing(np.array([0, 0, 1.0]), np.array([0.0, 0.0, 1.0]), v, f)[0] == np.inf
    grid = SignedDistanceGrid.from_mesh(v, f, 32)
    sampled = [distance_at(Field.of(grid), p) for p in 2 * points]
    np.testing.assert_allclose(sampled, grid.distance(2 * points), atol=1e-9)


def test_an_object_too_large_to_hold_is_refused(cache, tmp_path, hand, monkeypatch):
    from rhov_core.errors import PlanningError
    from rhov_core.synth import grasps
    from rhov_core.synth.objects import synth_object

    monkeypatch.setattr(grasps, "_MOST_TRIED", 40)
    ObjectModel.box((0.3, 0.3, 0.3), "crate").save(tmp_path / "crate.obj")
    with pytest.raises(PlanningError, match="crate"):
        find_grasps(synth_object(tmp_path / "crate.obj"), hand, 0, 1)


def test_a_hand_holds_only_what_it_encloses():
    good = Hold(0.001, np.full(5, 0.001), np.full(5, 0.001), -0.9, 0.0, 0.01)
    assert good.fits("power") and good.fits("pinch")
    apart = np.array([0.001, 0.001, 0.001, 0.02, 0.02])
    assert replace(good, finger_distance=apart, pad_distance=apart).fits("pinch")
    assert not replace(good, finger_distance=apart).fits("power")
    assert not replace(good, pad_distance=apart[::-1]).fits("pinch")
    for broken in ({"penetration": 0.002}, {"above_table": -0.01}, {"escape": -1.0}, {"opposition": 0.5}):
        assert not replace(good, **broken).fits("power")
        assert not replace(good, **broken).fits("pinch")


def test_a_hand_that_lies_flat_on_a_box_does_not_hold_it(hand):
    palm, radial = palm_axes(hand.joint_template)
    R = np.stack([[0, 0, -1.0], [0, 1.0, 0], np.cross([0, 0, -1.0], [0, 1.0, 0])], 1)
    R = R @ np.stack([palm, radial, np.cross(palm, radial)])
    v, f = rounded_cuboid((0.3, 0.3, 0.06), 0.003)
    target, skin = GraspObject(v, f, np.array([0, 0, 1.0])), hand_skin(hand)
    lowest = (posed(skin, R, np.zeros(3), np.zeros((15, 3))) @ [0, 0, 1.0]).min()
    flat = GraspPose("power", R, np.array([0, 0, 0.0301 - lowest]), np.zeros((15, 3)), np.array([0, 0, -1.0]))
    hold = measured(flat, target, hand)
    assert hold.penetration < 1e-3 and hold.escape < -0.9
