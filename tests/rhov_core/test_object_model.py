"""Loading of objects: every format, every bad file, and what is derived from a mesh."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from rhov_core.errors import InputError
from rhov_core.mesh import convex_parts as parts_module
from rhov_core.mesh.surface import is_closed, volume_and_centre
from rhov_core.object_model import DENSITY, FRICTION, ObjectModel


@pytest.fixture
def ring():
    return trimesh.creation.torus(0.1, 0.04, major_sections=48, minor_sections=24)


@pytest.fixture(autouse=True)
def private_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("kind", ["obj", "stl", "ply", "off", "glb", "OBJ"])
def test_every_format_gives_the_same_closed_mesh(kind, ring, tmp_path):
    file = tmp_path / f"ring.{kind}"
    ring.export(file, file_type=kind.lower())
    model = ObjectModel.load(file)
    assert model.name == "ring" and model.watertight and model.is_metric
    assert len(model.vertices) == len(ring.vertices) and len(model.faces) == len(ring.faces)
    assert model.volume == pytest.approx(ring.volume, rel=1e-4)
    np.testing.assert_allclose(model.extents, ring.extents, rtol=1e-5)
    assert not model.vertices.flags.writeable


def test_a_scene_of_two_moved_parts_becomes_one_mesh(tmp_path):
    scene = trimesh.Scene()
    for x in (0.0, 0.3):
        scene.add_geometry(
            trimesh.creation.box([0.1, 0.1, 0.1]), transform=trimesh.transformations.translation_matrix([x, 0, 0])
        )
    scene.export(tmp_path / "two.glb")
    model = ObjectModel.load(tmp_path / "two.glb")
    np.testing.assert_allclose(model.extents, [0.4, 0.1, 0.1], rtol=1e-6)
    assert model.volume == pytest.approx(2e-3)


def test_texture_seams_and_other_encodings_do_no_harm(tmp_path):
    box = ObjectModel.box([0.1, 0.2, 0.3])
    lines = ["# Müsli", "mtllib nothing.mtl"]
    lines += [f"v {x} {y} {z}" for t in box.faces for x, y, z in box.vertices[t]]
    lines += ["vt 0 0", "vn 0 0 1", "usemtl none"]
    lines += [f"f {3 * k + 1}/1/1 {3 * k + 2}/1/1 {3 * k + 3}/1/1" for k in range(12)]
    (tmp_path / "seams.obj").write_bytes("\n".join(lines).encode("latin-1"))
    model = ObjectModel.load(tmp_path / "seams.obj")
    assert len(model.vertices) == 8 and model.watertight and model.volume == pytest.approx(6e-3)


def test_quads_are_triangulated(tmp_path):
    corners = ["v 0 0 0", "v .1 0 0", "v .1 .1 0", "v 0 .1 0", "v 0 0 .1", "v .1 0 .1", "v .1 .1 .1", "v 0 .1 .1"]
    quads = ["f 4 3 2 1", "f 5 6 7 8", "f 1 2 6 5", "f 2 3 7 6", "f 3 4 8 7", "f 4 1 5 8"]
    (tmp_path / "quads.obj").write_text("\n".join(corners + quads))
    model = ObjectModel.load(tmp_path / "quads.obj")
    assert len(model.faces) == 12 and model.volume == pytest.approx(1e-3)


def damaged_files(folder, ring):
    """(name, part of the message) of files that cannot be used."""
    whole = {kind: folder / f"whole.{kind}" for kind in ("stl", "ply", "glb", "off", "obj")}
    for kind, file in whole.items():
        ring.export(file, file_type=kind)
    for kind in ("stl", "ply", "glb", "off"):
        yield f"cut.{kind}", whole[kind].read_bytes()[:3000], "cannot be read"
    for kind in ("stl", "ply", "glb", "off"):
        yield f"noise.{kind}", np.random.default_rng(1).bytes(5000), "cannot be read"
    yield "noise.obj", np.random.default_rng(1).bytes(5000), "no faces|cannot be read"
    for kind in ("stl", "ply", "glb", "off", "obj"):
        yield f"empty.{kind}", b"", "no faces|cannot be read"
    yield "points.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\n", "no faces"
    yield "index.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 7\n", "cannot be read|missing vertex"
    yield "nan.obj", b"v 0 0 0\nv nan 0 0\nv 0 1 0\nf 1 2 3\n", "vertex 1 .* not finite"
    yield "inf.obj", b"v 0 0 0\nv 1 0 0\nv 0 inf 0\nf 1 2 3\n", "vertex 2 .* not finite"
    yield "flat.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "is flat"
    yield "collapsed.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 2\n", "no faces with an area"
    yield "mesh.dae", b"<COLLADA/>", "of the kind 'dae'"
    yield "mesh", b"v 0 0 0", "of the kind ''"
    millimetres = ring.copy().apply_scale(1000)
    yield "mm.stl", millimetres.export(file_type="stl"), "looks like millimetres.*scale it by 0.001"
    tiny = ring.copy().apply_scale(1e-3)
    yield "tiny.stl", tiny.export(file_type="stl"), "scaled down once too often.*scale it by 1000"
    holed = ring.copy()
    holed.update_faces(np.arange(len(holed.faces)) > 20)
    yield "holed.ply", holed.export(file_type="ply"), "not watertight .*--repair-mesh"


def test_bad_files_are_refused_in_one_sentence(ring, tmp_path):
    for name, content, message in damaged_files(tmp_path, ring):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=message) as caught:
            ObjectModel.load(tmp_path / name)
        assert name in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(InputError, match="no mesh file"):
        ObjectModel.load(tmp_path / "missing.obj")
    with pytest.raises(InputError, match="no mesh file"):
        ObjectModel.load(tmp_path)


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=400), kind=st.sampled_from(["obj", "stl", "ply", "off", "glb"]))
def test_any_bytes_give_a_mesh_or_an_input_error(content, kind, tmp_path_factory):
    file = tmp_path_factory.mktemp("fuzz") / f"fuzz.{kind}"
    head = {"ply": b"ply\nformat ascii 1.0\n", "off": b"OFF\n", "glb": b"glTF\x02\x00\x00\x00"}.get(kind, b"")
    file.write_bytes(head + content)
    with pytest.raises(InputError):
        ObjectModel.load(file)


def test_repair_closes_and_says_so(ring, tmp_path):
    ring.update_faces(np.arange(len(ring.faces)) > 20)
    ring.export(tmp_path / "holed.ply")
    model = ObjectModel.load(tmp_path / "holed.ply", repair=True)
    assert model.watertight and "holes were filled" in model.notes[0]


def test_corners_that_a_file_rounded_differently_are_merged(tmp_path):
    box = ObjectModel.box([0.1, 0.2, 0.3])
    soup = box.vertices[box.faces].reshape(-1, 3) * (1 + np.random.default_rng(0).normal(size=(36, 1)) * 1e-7)
    trimesh.Trimesh(soup, np.arange(36).reshape(-1, 3), process=False).export(tmp_path / "soup.ply")
    assert len(ObjectModel.load(tmp_path / "soup.ply").vertices) == 8


def test_defaults_and_what_is_given(ring, tmp_path):
    ring.export(tmp_path / "ring.obj")
    model = ObjectModel.load(tmp_path / "ring.obj")
    assert model.mass == pytest.approx(DENSITY * ring.volume, rel=1e-5) and model.friction == FRICTION
    assert any("mass" in note for note in model.notes)
    given_here = ObjectModel.load(tmp_path / "ring.obj", name="tyre", mass=0.2, friction=1.1)
    assert (given_here.name, given_here.mass, given_here.friction, given_here.notes) == ("tyre", 0.2, 1.1, ())
    for bad in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="mass"):
            ObjectModel.load(tmp_path / "ring.obj", mass=bad)
        with pytest.raises(InputError, match="friction"):
            ObjectModel.load(tmp_path / "ring.obj", friction=bad)


def test_sidecar_file(ring, tmp_path):
    ring.copy().apply_scale(1000).export(tmp_path / "ring.stl")
    (tmp_path / "ring.yaml").write_text(
        "name: tyre\nscale: 0.001\nmass: 0.3\nfriction: 0.9\nmetric: false\n"
        "symmetries:\n  - {axis: [0, 0, 1], order: 6}\n  - {axis: [1, 0, 0], order: 2, point: [0, 0, 0]}\n"
    )
    model = ObjectModel.load(tmp_path / "ring.stl")
    np.testing.assert_allclose(model.extents, ring.extents, rtol=1e-5)
    assert (model.name, model.mass, model.friction, model.is_metric) == ("tyre", 0.3, 0.9, False)
    assert model.symmetries.shape == (12, 4, 4)
    assert ObjectModel.load(tmp_path / "ring.stl", mass=0.5).mass == 0.5
    (tmp_path / "ring.yaml").write_text("scale: 0.001\nsymmetries: []\n")
    assert len(ObjectModel.load(tmp_path / "ring.stl").symmetries) == 1
    (tmp_path / "ring.yaml").write_text("")
    with pytest.raises(InputError, match="millimetres"):
        ObjectModel.load(tmp_path / "ring.stl")


@pytest.mark.parametrize(
    "content",
    [
        "scale: 0",
        "scale: .inf",
        "scale: yes",
        "mass: heavy",
        "name: 3",
        "metric: 1",
        "colour: red",
        "- 1",
        "a: [",
        "symmetries: all",
        "symmetries: [{axis: [0, 0, 0], order: 2}]",
        "symmetries: [{axis: [0, 0, 1]}]",
        "symmetries: [{axis: [0, 0, 1], order: 1}]",
        "symmetries: [{axis: [0, .nan, 1], order: 2}]",
        "symmetries: [{axis: [0, 0, 1], order: 2, point: 3}]",
        "symmetries: [{axis: [0, 0, 1], order: 2, extra: 3}]",
    ],
)
def test_bad_sidecars_are_refused(content, ring, tmp_path):
    ring.export(tmp_path / "ring.stl")
    (tmp_path / "ring.yaml").write_text(content)
    with pytest.raises(InputError, match=r"ring\.yaml"):
        ObjectModel.load(tmp_path / "ring.stl")


@settings(max_examples=30, deadline=None)
@given(size=st.tuples(*[st.floats(0.01, 2.0)] * 3))
def test_box(size):
    box = ObjectModel.box(size, "crate", mass=1.0)
    assert box.watertight and len(box.vertices) == 8 and len(box.faces) == 12
    assert box.volume == pytest.approx(np.prod(size))
    assert box.diameter == pytest.approx(np.linalg.norm(size))
    np.testing.assert_allclose(box.extents, size)
    np.testing.assert_allclose(box.centre_of_mass, 0, atol=1e-9)
    assert len(box.convex_parts()) == 1


@settings(max_examples=20, deadline=None)
@given(size=st.tuples(*[st.floats(0.01, 2.0)] * 3))
def test_save_and_load_are_exact(size, tmp_path_factory):
    file = tmp_path_factory.mktemp("save") / "crate.obj"
    box = ObjectModel.box(size, "my crate")
    box.save(file)
    again = ObjectModel.load(file)
    np.testing.assert_array_equal(again.vertices, box.vertices)
    np.testing.assert_array_equal(again.faces, box.faces)
    assert (again.name, again.mass, again.friction, again.is_metric) == ("my crate", box.mass, box.friction, True)


def test_known_symmetries_are_saved(tmp_path):
    box = ObjectModel.box((0.05, 0.07, 0.15), "box")
    one = replace(box, given_symmetries=box.symmetries[:2])
    one.save(tmp_path / "box.obj")
    np.testing.assert_allclose(ObjectModel.load(tmp_path / "box.obj").symmetries, one.symmetries, atol=1e-9)
    box.save(tmp_path / "box.obj")
    assert ObjectModel.load(tmp_path / "box.obj").given_symmetries is None


def test_save_refuses(tmp_path):
    box = ObjectModel.box([0.1, 0.1, 0.1])
    with pytest.raises(InputError, match=r"ends in \.obj"):
        box.save(tmp_path / "crate.stl")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        box.save(tmp_path / "file" / "crate.obj")


def test_bad_boxes():
    for size in ([0.1, 0.1], [0.1, 0.1, float("nan")], [0.1, 0.1, 0.0], [100, 100, 100]):
        with pytest.raises(InputError):
            ObjectModel.box(size)


@pytest.mark.parametrize("target", [50, 300, 1000])
def test_simplified_stays_closed_and_alike(ring, target):
    model = ObjectModel.from_mesh(ring.vertices, ring.faces, name="ring", mass=0.3)
    small = model.simplified(target)
    assert small.watertight and len(small.faces) <= target
    assert small.volume == pytest.approx(model.volume, rel={50: 0.25, 300: 0.03, 1000: 0.01}[target])
    assert (small.name, small.mass) == (model.name, model.mass)
    assert model.simplified(len(model.faces)) is model


def test_symmetries_of_a_finely_meshed_object(ring):
    fine = ring.subdivide()
    model = ObjectModel.from_mesh(fine.vertices, fine.faces, name="ring")
    assert len(model.faces) > 8000
    assert model.symmetries.shape == (72, 4, 4)


def contains(part, point, margin):
    """Whether a convex part holds a point, give or take a margin [m]."""
    hull = trimesh.convex.convex_hull(part[0])
    heights = np.einsum("fi,fi->f", hull.face_normals, point - hull.triangles[:, 0])
    return bool((heights < margin).all())


def test_convex_parts_cover_the_object_and_are_remembered(ring, tmp_path, monkeypatch):
    coarse = trimesh.creation.torus(0.1, 0.04, major_sections=16, minor_sections=8)
    model = ObjectModel.from_mesh(coarse.vertices, coarse.faces, name="ring")
    parts = model.convex_parts()
    assert 4 <= len(parts) <= 16
    for vertices, faces in parts:
        hull = trimesh.convex.convex_hull(vertices)
        assert is_closed(faces) and volume_and_centre(vertices, faces)[0] == pytest.approx(hull.volume, rel=1e-6)
    assert not any(contains(part, np.zeros(3), 2e-3) for part in parts)  # the hole stays open
    for point in coarse.triangles_center[::7]:
        assert any(contains(part, point, 4e-3) for part in parts)
    files = list((tmp_path / "cache" / "rhov" / "convex_parts").iterdir())
    assert len(files) == 1
    monkeypatch.setattr(parts_module, "_decompose", lambda *_: pytest.fail("it was not remembered"))
    again = model.convex_parts()
    for (v, f), (w, g) in zip(parts, again, strict=True):
        np.testing.assert_array_equal(v, w)
        np.testing.assert_array_equal(f, g)


def test_a_damaged_or_read_only_cache_is_no_obstacle(tmp_path):
    shape = trimesh.creation.annulus(0.03, 0.06, 0.04, sections=8)
    model = ObjectModel.from_mesh(shape.vertices, shape.faces, name="washer")
    first = model.convex_parts()
    (file,) = (tmp_path / "cache" / "rhov" / "convex_parts").iterdir()
    file.write_bytes(b"nothing")
    with pytest.warns(UserWarning, match="made again"):
        again = model.convex_parts()
    for (v, _), (w, _) in zip(first, again, strict=True):
        np.testing.assert_array_equal(v, w)
    assert len(np.load(file)["vertices0"]) == len(first[0][0])
    file.unlink()
    blocked = Path(os.environ["XDG_CACHE_HOME"]) / "rhov"
    for child in blocked.iterdir():
        child.rmdir()
    blocked.rmdir()
    blocked.touch(mode=stat.S_IRUSR)
    with pytest.warns(UserWarning, match="not remembered"):
        assert len(model.convex_parts()) == len(first)
