"""What else than the hand hides the object."""

import numpy as np
import pytest

from rhov_core.pose import exp_rotation, make_transform
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.tracking.observation import MOST_HIDDEN, THICK, hidden_part


@pytest.fixture(scope="module")
def view(model, clip_of):
    mesh = CentredMesh.from_model(model, 2000)
    camera = clip_of(model, np.eye(4)[None]).camera
    return SurfaceView.draw(mesh, camera, make_transform(exp_rotation([0.3, 0.4, 0.2]), [-0.02, 0.0, 0.45]))


def covered(view, fraction):
    """The mask (H, W) of which the left part is hidden, and that part."""
    mask = view.silhouette()
    columns = np.nonzero(mask)[1]
    left = np.broadcast_to(np.arange(mask.shape[1]) < np.quantile(columns, fraction), mask.shape)
    return mask & ~left, mask & left


def test_a_thick_missing_part_is_hidden_with_its_surroundings(view):
    mask, gone = covered(view, 0.3)
    found = hidden_part(mask, view, None, 4)
    assert found[gone].mean() > 0.95
    assert 0 < np.count_nonzero(found & mask) < 0.3 * np.count_nonzero(mask)


def test_a_wrong_border_is_not(view):
    mask = np.roll(view.silhouette(), THICK - 3, axis=1)
    assert hidden_part(mask, view, None, 4) is None


def test_neither_is_what_the_hand_hides_nor_what_is_too_large(view):
    mask, gone = covered(view, 0.3)
    assert hidden_part(mask, view, gone, 4) is None
    mask, _ = covered(view, MOST_HIDDEN + 0.1)
    assert hidden_part(mask, view, None, 4) is None
