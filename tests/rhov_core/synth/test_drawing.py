"""Shading, shadows, normals, textures, the arm."""

import numpy as np
import pytest

from rhov_core.camera import Camera
from rhov_core.hand import HandModel
from rhov_core.pose import exp_rotation, make_transform
from rhov_core.render import rasterize
from rhov_core.synth import textures
from rhov_core.synth.drawn import Light, Part, Plane, Surface
from rhov_core.synth.forearm import WRIST_LIMIT, load_forearm, place_forearm, pose_sleeve, sleeve_rest
from rhov_core.synth.primitives import cylinder, rounded_cuboid
from rhov_core.synth.shading import Shader
from rhov_core.synth.skin import TONES, skin_colors
from rhov_core.synth.surface_normals import group_normals, normal_groups
from rhov_core.synth.truth import background_depth

CAMERA = Camera.from_focal(100, 64, 64)
GREY = Surface(np.full((8, 8, 3), 0.5, np.float32), 1.0, 0.9, 0.0)
SQUARE = np.array([[-1, -1, 0.0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
FACES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
WALL = Plane(make_transform(np.diag([1.0, -1.0, -1.0]), [0, 0, 2.0]), (3.0, 3.0), GREY)
UP = np.array([0, -1.0, 0])


def drawn(square, lights, planes=(WALL,)):
    shader = Shader([Part(SQUARE, FACES, GREY)], list(planes), lights, np.zeros((2, 3)), UP, CAMERA)
    image = np.zeros((64, 64, 3), np.float32)
    shader.light_up([square])
    shader.draw([square], image, (0.0, 0.0))
    return image


def lamp(*position, radius=0.0):
    return Light(np.array(position), np.ones(3), radius)


def test_a_surface_is_brightest_towards_the_light():
    square = SQUARE + np.array([0, 0, 1.9])
    facing, aside = (drawn(square, [light])[32, 32, 0] for light in (lamp(0, 0, 0.01), lamp(0, -4, 0.5)))
    assert facing == pytest.approx(0.5, rel=0.02)
    assert 0.02 < aside < 0.6 * facing


def test_a_shadow_falls_where_the_light_is_blocked():
    small = 0.1 * SQUARE + [0, 0, 1.0]
    image = drawn(small, [lamp(-1.0, 0, 0.0)])
    # from the lamp over the square to the wall: 1 m further to the right, twice as far from the lamp's height
    u = int(100 * 1.0 / 2.0 + 31.5)
    assert u > 63  # outside: look along the way with a nearer lamp instead
    image = drawn(small, [lamp(-0.25, 0, 0.0)])
    u = round(100 * 0.25 / 2.0 + 31.5)
    assert image[32, u, 0] == 0
    assert image[32, 60, 0] > 0.2 and image[5, u, 0] > 0.2
    soft = drawn(small, [lamp(-0.25, 0, 0.0, radius=0.3)])
    values = np.unique(np.round(soft[32, u - 14 : u + 14, 0] / soft[5, u, 0], 2))
    assert ((values > 0.1) & (values < 0.9)).sum() >= 2  # half shade


def test_planes_hide_what_is_behind_them_and_end_at_their_edges():
    behind = drawn(SQUARE + np.array([0, 0, 3.0]), [lamp(0, 0, 0.0)])
    alone = drawn(SQUARE + np.array([0, 0, -3.0]), [lamp(0, 0, 0.0)])
    np.testing.assert_allclose(behind, alone, atol=1e-6)
    table = Plane(make_transform(np.diag([1.0, -1.0, -1.0]), [0, 0, 1.0]), (0.1, 0.2), GREY)
    depth = background_depth(CAMERA, [table])
    assert depth[32, 32] == pytest.approx(1.0) and depth[32, 40] == pytest.approx(1.0)
    assert np.isinf(depth[32, 43]) and depth[50, 32] == pytest.approx(1.0) and np.isinf(depth[53, 32])


def test_edges_are_sharp_and_round_sides_smooth():
    for mesh, smooth in ((cylinder(0.03, 0.1, 0.002), True), (rounded_cuboid((0.1, 0.1, 0.1), 0.01), True)):
        vertices, faces = mesh
        groups = normal_groups(vertices, faces, 0.7 if smooth else 0.0)
        normals = group_normals(vertices, faces, groups, int(groups.max()) + 1)
        np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-9)
    vertices, faces = cylinder(0.03, 0.1, 0.002)
    sharp, round_ = (normal_groups(vertices, faces, crease).max() + 1 for crease in (1e-4, np.pi))
    assert round_ == len(vertices) < sharp
    corners = normal_groups(SQUARE, FACES, 0.1)
    assert corners.max() + 1 == 4  # two coplanar triangles share their normals at the diagonal


def test_textures_repeat_and_stay_in_range():
    rng, color = np.random.default_rng(0), np.array([0.5, 0.3, 0.1])
    noise = textures.cloudy(rng, 64, 1.5)
    assert np.abs(noise[0] - noise[-1]).mean() < 2 * np.abs(np.diff(noise, axis=0)).mean()
    made = [
        textures.printed(rng, color, [color[::-1]]),
        textures.label(rng, color, color[::-1]),
        textures.plain(rng, color, 0.1),
        textures.wood(rng, color),
        textures.brushed(rng, color),
        textures.cloth(rng, color, True),
        textures.skin(rng),
        textures.room(rng),
    ]
    for texture in made:
        assert texture.dtype == np.float32 and texture.shape == (textures.SIZE, textures.SIZE, 3)
        assert texture.min() >= 0 and texture.max() < 1.6 and texture.std() > 0.003


def test_skin_is_lighter_in_the_palm_and_the_same_on_both_sides():
    hand = HandModel.load()
    for tone in TONES:
        color = skin_colors(hand, np.array(tone))
        assert color.shape == hand.template.shape and color.min() > 0 and color.max() <= 1
        np.testing.assert_array_equal(color, skin_colors(hand.mirrored(), np.array(tone)))
        palm = (hand.weights[:, 0] > 0.9) & (hand.template[:, 0] < -0.03)
        inside = palm & (hand.template[:, 1] < np.median(hand.template[palm, 1]))
        assert color[inside].mean() > 1.03 * color[palm & ~inside].mean()


@pytest.mark.parametrize("side", ["right", "left"])
def test_the_forearm_meets_the_hand_and_points_to_the_shoulder(side):
    hand, arm = HandModel.load(side=side), load_forearm(side)
    T = make_transform(exp_rotation([0.2, 0.1, -0.3]), [0.1, 0.05, 0.2])
    pose = np.zeros((1, 48))
    pose[0, :3] = [0.2, 0.1, -0.3]
    vertices = hand.forward_numpy(pose, np.zeros(10), T[:3, 3][None] - hand.joint_template[0]).vertices[0]
    at_rest = T[:3, :3] @ arm.elbow
    # an upper arm that hangs straight on from the forearm
    near, far = (T[:3, 3] + at_rest * (1 + 0.2799 / np.linalg.norm(at_rest)), T[:3, 3] - 0.3 * at_rest)
    for shoulder, limit in ((near, 0.35), (far, WRIST_LIMIT + 1e-6)):
        T_forearm = place_forearm(arm, T, shoulder)
        np.testing.assert_allclose(T_forearm[:3, 3], T[:3, 3])
        posed = arm.posed(T, T_forearm, vertices)
        seam = arm.hand_vertex >= 0
        np.testing.assert_array_equal(posed[seam], vertices[arm.hand_vertex[seam]])
        cosine = (T_forearm[:3, :3] @ arm.elbow) @ at_rest / (at_rest @ at_rest)
        assert np.arccos(min(1.0, cosine)) <= limit
        rest, faces = sleeve_rest()
        sleeve = pose_sleeve(T_forearm, arm.elbow, shoulder)
        assert sleeve.shape == rest.shape and faces.max() == len(rest) - 1
        assert np.linalg.norm(sleeve[-28:].mean(0) - shoulder) < 1e-6


def test_hand_and_forearm_leave_no_gap():
    """Seen from anywhere, no ray passes between the hand and its forearm."""
    hand, arm = HandModel.load(), load_forearm("right")
    T = np.eye(4)
    vertices = hand.forward_numpy(np.zeros((1, 48)), np.zeros(10), np.zeros((1, 3))).vertices[0]
    posed = arm.posed(T, place_forearm(arm, T, np.array([0.4, 0.0, 0.1])), vertices)
    seam = posed[arm.hand_vertex >= 0].mean(0)
    for turn in np.random.default_rng(0).uniform(-3, 3, (4, 3)):
        R = exp_rotation(turn)
        points = (np.concatenate([vertices, posed]) - seam) @ R.T + [0, 0, 0.5]
        faces = np.concatenate([hand.faces, arm.faces + len(vertices)]).astype(np.int32)
        covered = rasterize(points[None], faces, Camera.from_focal(300, 81, 81))[0][0] >= 0
        assert covered[38:43, 38:43].all()
