"""Colours of a mesh against pictures of it, in light that nobody knows."""

import numpy as np
import pytest

from rhov_core.camera import Camera
from rhov_core.mesh.color_file import spread_over
from rhov_core.mesh.surface_colors import GAMMA, SurfaceColors
from rhov_core.object_model import ObjectModel
from rhov_core.picture_crop import PictureCrop
from rhov_core.pose import exp_rotation, make_transform
from rhov_optimizer.registration.appearance import Appearance, SeenSurface
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.surface import SurfaceView

CAMERA = Camera.from_focal(400.0, 320, 240)
BOX = ObjectModel.box([0.06, 0.08, 0.14])
MESH = CentredMesh.from_model(BOX, 2000)
POSE = make_transform(exp_rotation([0.5, 0.7, -0.2]), [0.01, -0.02, 0.45])


def printed(seed=0):
    """Patches of colour, 3 cm wide, all over the box."""
    rng = np.random.default_rng(seed)
    patches = rng.uniform(0.05, 0.8, (8, 8, 8, 3))
    faces, corners = spread_over(BOX.vertices, BOX.faces, 20000, rng)
    points = np.einsum("nc,nci->ni", corners, BOX.vertices[BOX.faces[faces]])
    x, y, z = np.floor(points / 0.03 + 4).astype(int).T
    return SurfaceColors(points, np.rint(255 * patches[x, y, z] ** (1 / GAMMA)).astype(np.uint8))


def picture(colors, T, light=(0.3, -0.5, -0.8), tint=(1.1, 1.0, 0.7), contrast=1.0, noise=0.01):
    """The box in the light of a lamp, with its colour and noise, BGR; and where it is."""
    view = SurfaceView.draw(MESH, CAMERA, T)
    rows, columns = np.nonzero(view.face_id >= 0)
    points, _ = view.unproject(np.stack([columns + view.x0, rows + view.y0], axis=1).astype(float))
    corners = MESH.vertices[MESH.faces[view.face_id[rows, columns]]] @ T[:3, :3].T
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    normals *= -np.sign(normals[:, 2:])
    shade = 0.35 + 0.65 * np.clip(normals @ (np.asarray(light) / np.linalg.norm(light)), 0, None)
    linear = colors.at(points + MESH.centre) ** contrast * shade[:, None] * tint
    image = np.full((CAMERA.height, CAMERA.width, 3), 0.3)
    image[rows + view.y0, columns + view.x0] = linear
    image = image + np.random.default_rng(1).normal(0, noise, image.shape)
    return (255 * np.clip(image, 0, 1) ** (1 / GAMMA)).astype(np.uint8)[..., ::-1], view.silhouette()


def costs(image, mask, colors, T=POSE, turns=BOX.symmetries, visible=None):
    crop = PictureCrop.around(image, mask)
    seen = SeenSurface.of(crop, SurfaceView.draw(MESH, CAMERA, T), mask if visible is None else visible)
    return None if seen is None else Appearance(colors, MESH.centre).costs(seen, turns)


@pytest.mark.parametrize("light", [(0.3, -0.5, -0.8), (-0.9, 0.1, -0.3)])
@pytest.mark.parametrize("contrast", [0.7, 1.0, 1.4])
def test_the_right_one_of_the_poses_with_one_outline_fits_in_any_light(light, contrast):
    colors = printed()
    image, mask = picture(colors, POSE, light, contrast=contrast)
    right, *others = costs(image, mask, colors)
    assert len(others) == 3 and right < 0.25 and min(others) > right + 0.5


def test_a_copy_costs_what_its_own_pose_costs():
    colors = printed()
    image, mask = picture(colors, POSE)
    as_copies = costs(image, mask, colors)
    as_poses = [costs(image, mask, colors, POSE @ S, np.eye(4)[None])[0] for S in BOX.symmetries]
    np.testing.assert_allclose(as_copies, as_poses, atol=0.01)


def test_a_shifted_print_costs_more_the_further_it_is_off():
    colors = printed()
    image, mask = picture(colors, POSE)
    turned = [POSE @ make_transform(exp_rotation([0, 0, angle]), np.zeros(3)) for angle in (0.0, 0.1, 0.3)]
    rising = [costs(image, mask, colors, T, np.eye(4)[None])[0] for T in turned]
    assert rising[0] + 0.05 < rising[1] < rising[2]


def test_what_hides_the_object_does_not_count():
    colors = printed()
    image, mask = picture(colors, POSE)
    hidden, visible = image.copy(), mask.copy()
    hidden[110:], visible[110:] = (20, 200, 20), False
    alone = costs(hidden, mask, colors, visible=visible)
    assert alone[0] < 0.15 and alone[1:].min() > alone[0] + 0.2
    assert costs(hidden, mask, colors)[0] > alone[0] + 0.1
    assert costs(image, mask, colors, visible=np.zeros_like(mask)) is None, "nothing is seen"


def test_copies_turn_the_way_that_poses_do_and_small_turns_are_found():
    colors = printed()
    ways = np.stack([make_transform(exp_rotation([0, 0, angle]), np.zeros(3)) for angle in (0.1, -0.1, 0.0)])
    image, mask = picture(colors, POSE @ ways[0])
    crop, view = PictureCrop.around(image, mask), SurfaceView.draw(MESH, CAMERA, POSE)
    seen = SeenSurface.of(crop, view, mask & view.silhouette())
    appearance = Appearance(colors, MESH.centre)
    same, opposite, none = appearance.costs(seen, ways)
    assert same < none - 0.05 and none < opposite
    turn, cost = appearance.aligned(seen, np.eye(4))
    assert cost < none - 0.05 and np.trace(turn[:3, :3].T @ ways[0, :3, :3]) > np.trace(ways[0, :3, :3])
