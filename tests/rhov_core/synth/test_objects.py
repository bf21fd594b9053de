"""The objects of the rendered clips: closed, in metres, different, at rest as they stand on a table."""

import numpy as np
import pytest
import trimesh
from scipy.spatial import cKDTree

from rhov_core.errors import InputError, MissingDependencyError
from rhov_core.object_model import ObjectModel
from rhov_core.synth import ycb
from rhov_core.synth.objects import MAX_FACES, OBJECTS, synth_object
from rhov_core.synth.primitives import cylinder, egg, extruded, rounded_cuboid, torus
from rhov_core.synth.resting import resting_transform

PROBLEMS = {"textured", "plain", "symmetric", "thin", "concave"}


def solid(mesh):
    return trimesh.Trimesh(*mesh, process=False)


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_is_closed_small_centred_and_of_the_size_of_things_to_hold(name):
    model = OBJECTS[name].load()
    mesh = solid((model.vertices, model.faces))
    assert mesh.is_watertight and mesh.volume > 0
    assert len(model.faces) <= MAX_FACES
    assert np.abs(mesh.bounds.sum(0)).max() < 1e-9
    assert 0.05 < model.extents.max() < 0.35
    assert 0.01 < model.mass < 1.0


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_rests_on_the_table_without_tipping_over(name):
    obj = OBJECTS[name]
    model, T = obj.load(), obj.T_world_object
    np.testing.assert_allclose(T[:3, :3] @ T[:3, :3].T, np.eye(3), atol=1e-9)
    placed = model.vertices @ T[:3, :3].T + T[:3, 3]
    assert abs(placed[:, 2].min()) < 1e-9
    lying = np.flatnonzero(placed[:, 2] < 1e-4)
    centre = T[:2, :3] @ solid((model.vertices, model.faces)).center_mass
    support = placed[lying][:, :2]
    # the centre of mass is a mean of places where it touches the table
    weights = np.linalg.lstsq(np.vstack([support.T, np.ones(len(support))]), np.append(centre, 1.0), rcond=None)
    reached = np.vstack([support.T, np.ones(len(support))]) @ weights[0]
    np.testing.assert_allclose(reached, np.append(centre, 1.0), atol=1e-6)
    low, high = support.min(0) - 1e-6, support.max(0) + 1e-6
    assert (centre >= low).all() and (centre <= high).all()
    assert obj.up is None or T[2, :3] @ np.asarray(obj.up) > 0.9


def test_both_splits_hold_every_problem_and_share_nothing():
    splits = {split: [o for o in OBJECTS.values() if o.split == split] for split in ("dev", "test")}
    assert len(OBJECTS) >= 14
    assert abs(len(splits["dev"]) - len(splits["test"])) <= 2
    for objects in splits.values():
        assert set().union(*(o.problems for o in objects)) == PROBLEMS
    volumes = [round(o.load().volume * 1e9) for o in OBJECTS.values()]
    assert len(set(volumes)) == len(volumes)


@pytest.mark.parametrize(
    "name, count",
    [("carton", 4), ("can", 72), ("egg", 36), ("block", 8), ("mug", 1), ("soup_can", 36), ("sugar_box", 4)],
)
def test_symmetries_are_those_of_the_thing(name, count):
    model = OBJECTS[name].load()
    assert len(model.symmetries) == count
    points = model.vertices[::7]
    samples = trimesh.sample.sample_surface(solid((model.vertices, model.faces)), 60000, seed=0)[0]
    turned = points @ model.symmetries[-1, :3, :3].T + model.symmetries[-1, :3, 3]
    # scans are uneven: 4 % of the size for the outermost dent, 1 % for the bulk
    off = cKDTree(samples).query(turned)[0] / model.diameter
    assert off.max() < 0.05 and np.median(off) < 0.012


def test_textures_break_symmetries_only_where_there_are_any():
    assert OBJECTS["soup_can"].texture_breaks_symmetry
    assert not OBJECTS["egg"].texture_breaks_symmetry  # nothing printed on it
    assert not OBJECTS["mug"].texture_breaks_symmetry  # no symmetry to break


@pytest.mark.parametrize(
    "mesh, volume",
    [
        (rounded_cuboid((0.05, 0.07, 0.15), 1e-6), 0.05 * 0.07 * 0.15),
        (cylinder(0.03, 0.1, 1e-6), np.pi * 0.03**2 * 0.1),
        (torus(0.05, 0.02, 200, 80), 2 * np.pi**2 * 0.05 * 0.01**2),
        (extruded(((0.0, 0.0), (0.1, 0.0), (0.1, 0.05), (0.0, 0.05)), 0.02, 1e-6), 1e-4),
    ],
    ids=["cuboid", "cylinder", "torus", "prism"],
)
def test_generated_solids_have_the_volume_of_the_formula(mesh, volume):
    assert solid(mesh).is_watertight
    assert solid(mesh).volume == pytest.approx(volume, rel=0.005)


def test_rounding_takes_away_edges_only():
    mesh = solid(rounded_cuboid((0.05, 0.07, 0.15), 0.005))
    np.testing.assert_allclose(mesh.extents, (0.05, 0.07, 0.15), atol=1e-9)
    corner = np.array([0.025, 0.035, 0.075])
    assert np.linalg.norm(mesh.vertices - corner, axis=1).min() == pytest.approx(0.005 * (3**0.5 - 1), rel=0.1)


def test_an_egg_is_pointed_above():
    vertices, faces = egg(0.08, 0.06)
    assert solid((vertices, faces)).is_watertight
    np.testing.assert_allclose(np.ptp(vertices, axis=0), (0.06, 0.06, 0.08), rtol=0.005)
    wide, narrow = (np.ptp(vertices[np.abs(vertices[:, 2] - z) < 0.004], axis=0)[0] for z in (-0.025, 0.025))
    assert wide > 1.1 * narrow


def test_a_box_rests_on_the_side_that_the_hint_names():
    vertices, faces = rounded_cuboid((0.05, 0.07, 0.15), 0.003)
    assert np.ptp(vertices @ resting_transform(vertices, faces)[2, :3]) == pytest.approx(0.05)
    assert np.ptp(vertices @ resting_transform(vertices, faces, (0.1, -1, 0.2))[2, :3]) == pytest.approx(0.07)


def test_any_mesh_file_can_be_an_object(tmp_path):
    ObjectModel.box((0.04, 0.05, 0.06), "brick").save(tmp_path / "brick.obj")
    obj = synth_object(tmp_path / "brick.obj")
    assert obj.name == "brick" and obj.load().watertight
    assert synth_object("mug") is OBJECTS["mug"]
    with pytest.raises(InputError, match="no object of the rendered clips"):
        synth_object("teapot")


def test_without_the_scans_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(ycb, "PACKAGE", "no_such_package_of_scans")
    with pytest.raises(MissingDependencyError, match="pip install"):
        ycb.ycb_mesh("025_mug")
