"""Colours of mesh files: every kind gives the same ones, and nothing outside the folder is read."""

import os

import numpy as np
import pytest
import trimesh
from PIL import Image

from rhov_core.errors import InputError
from rhov_core.mesh import color_file
from rhov_core.mesh.color_file import SAMPLES, read_colors
from rhov_core.mesh.surface_colors import GAMMA, SurfaceColors
from rhov_core.object_model import ObjectModel

RED, GREEN = (200, 30, 20), (30, 160, 40)


def two_colored():
    """A fine cuboid that is red where x > 0 and green elsewhere."""
    box = trimesh.creation.box([0.1, 0.06, 0.04])
    return box.subdivide().subdivide().subdivide()


def picture():
    return Image.fromarray(np.array([[GREEN] * 32 + [RED] * 32] * 8, np.uint8))


def textured(mesh):
    uv = np.stack([mesh.vertices[:, 0] / 0.1 + 0.5, mesh.vertices[:, 1] / 0.06 + 0.5], axis=1)
    return trimesh.Trimesh(
        mesh.vertices, mesh.faces, process=False, visual=trimesh.visual.TextureVisuals(uv=uv, image=picture())
    )


def with_face_colors(mesh):
    out, right = mesh.copy(), mesh.triangles_center[:, 0] > 0
    out.visual = trimesh.visual.ColorVisuals(out, face_colors=np.where(right[:, None], (*RED, 255), (*GREEN, 255)))
    return out


def with_vertex_colors(mesh):
    out, right = mesh.copy(), mesh.vertices[:, 0] > 0
    out.visual = trimesh.visual.ColorVisuals(out, vertex_colors=np.where(right[:, None], (*RED, 255), (*GREEN, 255)))
    return out


def write(folder, kind):
    mesh, file = two_colored(), folder / f"thing.{kind.split()[0]}"
    if kind in ("obj texture", "glb texture"):
        textured(mesh).export(file)
    elif kind == "ply faces":
        with_face_colors(mesh).export(file)
    elif kind == "ply points":
        colored = with_vertex_colors(mesh)
        trimesh.PointCloud(colored.vertices, colored.visual.vertex_colors).export(file)
    else:
        with_vertex_colors(mesh).export(file)
    return file


@pytest.mark.parametrize(
    "kind", ["obj texture", "glb texture", "obj vertices", "ply vertices", "ply faces", "ply points"]
)
def test_every_kind_of_file_gives_the_same_colors(kind, tmp_path):
    colors = read_colors(write(tmp_path, kind))
    assert colors is not None
    places = np.array([[0.03, 0.01, 0.02], [0.05, 0.0, 0.0], [-0.03, -0.03, 0.0], [-0.02, 0.01, -0.02]])
    expected = (np.array([RED, RED, GREEN, GREEN]) / 255.0) ** GAMMA
    np.testing.assert_allclose(colors.at(places), expected, atol=0.02)


def test_what_has_no_colors_or_one_has_none(tmp_path):
    for name, mesh in (("bare.stl", two_colored()), ("bare.obj", two_colored()), ("bare.ply", two_colored())):
        mesh.export(tmp_path / name)
        assert read_colors(tmp_path / name) is None
    mesh = two_colored()
    grain = np.random.default_rng(0).normal(0, 5, (len(mesh.vertices), 1))
    mesh.visual.vertex_colors = np.clip(np.concatenate([120 + grain, 80 + grain, 40 + grain], 1), 0, 255).astype(
        np.uint8
    )
    mesh.export(tmp_path / "grainy.ply")
    assert read_colors(tmp_path / "grainy.ply") is None


def test_points_lie_evenly_on_the_surface(tmp_path):
    mesh = two_colored()
    colors = read_colors(write(tmp_path, "obj texture"))
    distance = trimesh.proximity.closest_point_naive(mesh, colors.points[::100])[1]
    assert distance.max() < 1e-6
    on_top = np.abs(colors.points[:, 2] - 0.02) < 1e-6
    assert on_top.mean() == pytest.approx(0.1 * 0.06 / mesh.area, rel=0.05)


def test_large_files_are_thinned_or_refused(tmp_path, monkeypatch):
    places = np.random.default_rng(0).random((2 * SAMPLES, 3))
    trimesh.PointCloud(places, (255 * places).astype(np.uint8)).export(tmp_path / "cloud.ply")
    found = read_colors(tmp_path / "cloud.ply")
    assert len(found.points) == SAMPLES and np.abs(found.points - found.colors / 255).max() < 0.01
    monkeypatch.setattr(color_file, "MAX_FACES", 2 * SAMPLES - 1)
    with pytest.raises(InputError, match="60000 faces or points"):
        read_colors(tmp_path / "cloud.ply")


@pytest.mark.parametrize("way", ["..", "absolute", "link"])
def test_no_texture_is_read_outside_the_folder_of_the_mesh(way, tmp_path):
    inside, outside = tmp_path / "mesh", tmp_path / "secret.png"
    inside.mkdir()
    file = write(inside, "obj texture")
    assert read_colors(file) is not None
    (material,) = inside.glob("*.mtl")
    for texture in inside.glob("*.png"):
        texture.rename(outside)
    name = {"..": "../secret.png", "absolute": str(outside), "link": "link.png"}[way]
    (inside / "link.png").symlink_to(outside)
    lines = [line if "map_Kd" not in line else f"map_Kd {name}" for line in material.read_text().splitlines()]
    material.write_text("\n".join(lines))
    assert read_colors(file) is None, "a texture that may not be read counts as missing"
    (inside / "link.png").unlink()
    os.replace(outside, inside / "link.png")
    if way == "link":
        assert read_colors(file) is not None, "the same name inside the folder is read"


@pytest.mark.parametrize(
    ("name", "content"), [("x.ply", b"ply\nformat nonsense\n"), ("x.png", b""), ("gone.obj", None)]
)
def test_files_that_cannot_be_read_are_refused(name, content, tmp_path):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError):
        read_colors(tmp_path / name)


def test_a_model_has_the_colors_of_its_file_in_metres(tmp_path):
    mesh = two_colored()
    mesh.apply_scale(1000)
    with_vertex_colors(mesh).export(tmp_path / "thing.ply")
    (tmp_path / "thing.yaml").write_text("scale: 0.001\n")
    model = ObjectModel.load(tmp_path / "thing.ply")
    np.testing.assert_allclose(np.ptp(model.colors.points, axis=0), model.extents, rtol=0.02)
    assert ObjectModel.box([0.1, 0.1, 0.1]).colors is None


def test_colors_are_saved_beside_the_mesh_and_found_again(tmp_path):
    write(tmp_path, "obj texture")
    model = ObjectModel.load(tmp_path / "thing.obj")
    (tmp_path / "out").mkdir()
    model.save(tmp_path / "out" / "thing.obj")
    again = ObjectModel.load(tmp_path / "out" / "thing.obj")
    np.testing.assert_array_equal(again.vertices, model.vertices)
    np.testing.assert_array_equal(again.colors.colors, model.colors.colors)
    np.testing.assert_allclose(again.colors.points, model.colors.points, atol=1e-8)


def test_the_file_beside_the_mesh_may_name_another_one_in_its_folder_only(tmp_path):
    write(tmp_path, "ply points").rename(tmp_path / "scan.ply")
    folder = tmp_path / "bare"
    folder.mkdir()
    two_colored().export(folder / "thing.stl")
    (folder / "thing.yaml").write_text("colors: ../scan.ply\n")
    with pytest.raises(InputError, match=r"\.\./scan\.ply"):
        ObjectModel.load(folder / "thing.stl")
    (tmp_path / "scan.ply").rename(folder / "scan.ply")
    (folder / "thing.yaml").write_text("colors: scan.ply\n")
    assert ObjectModel.load(folder / "thing.stl").colors is not None


def test_colors_need_points():
    with pytest.raises(InputError):
        SurfaceColors(np.zeros((0, 3)), np.zeros((0, 3), np.uint8))
