"""The object in another size keeps together what belongs together."""

import dataclasses

import numpy as np
import pytest

from franka_imitation.scaled_object import scaled
from rhov_core.mesh.surface_colors import SurfaceColors
from rhov_core.object_model import ObjectModel


@pytest.fixture
def colored(box):
    colors = np.random.default_rng(0).integers(0, 255, (len(box.vertices), 3)).astype(np.uint8)
    return dataclasses.replace(box, color_source=SurfaceColors(box.vertices.copy(), colors))


def test_colours_lie_on_the_surface_in_any_size(colored):
    half = scaled(colored, 0.5)
    np.testing.assert_allclose(half.colors.points, half.vertices)
    np.testing.assert_array_equal(half.colors.colors, colored.colors.colors)
    np.testing.assert_allclose(half.vertices, 0.5 * colored.vertices)


def test_colours_of_a_file_too(colored, tmp_path):
    colored.save(tmp_path / "box.obj")
    read = ObjectModel.load(tmp_path / "box.obj")
    np.testing.assert_allclose(scaled(read, 0.5).colors.points, 0.5 * read.colors.points)


def test_without_colours_there_are_none(box):
    assert scaled(box, 0.5).colors is None
