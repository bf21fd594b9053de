"""A made-up hand in the layout of MANO_RIGHT.pkl: Python 2's pickle, chumpy expressions, scipy's sparse matrix.

The layout is MANO's, the numbers are random: nothing of MANO's content is here.
"""

import io
import pickle
import struct
import sys
import types
from contextlib import contextmanager
from typing import ClassVar

import numpy as np
from scipy.sparse import csc_matrix

from rhov_core.hand import PARENTS, HandModel

VERTICES, FACES = 778, 1538


class Python2Pickler(pickle._Pickler):
    """Writes texts and bytes as Python 2 wrote its strings."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_string(self, value):
        raw = value if isinstance(value, bytes) else value.encode("latin1")
        self.write(pickle.BINSTRING + struct.pack("<i", len(raw)) + raw)
        self.memoize(value)

    dispatch[bytes] = save_string
    dispatch[str] = save_string


@contextmanager
def chumpy_classes():
    """Classes that pickle under chumpy's names, importable only inside this block."""
    names = {"chumpy": types.ModuleType("chumpy")}
    for module, name in (("chumpy.ch", "Ch"), ("chumpy.reordering", "Select")):
        names[module] = types.ModuleType(module)
        setattr(names[module], name, type(name, (), {"__module__": module}))
    sys.modules.update(names)
    try:
        yield names["chumpy.ch"].Ch, names["chumpy.reordering"].Select
    finally:
        for name in names:
            del sys.modules[name]


def made_up_arrays(rng):
    """MANO's keys with plausible shapes: a closed but for one hole surface, fingers towards -x."""
    free = HandModel.load()
    joints = free.joint_template + np.array([0.095, 0.006, 0.006])  # like MANO's, the wrist is not at the origin
    vertices = joints[rng.integers(0, 16, VERTICES)] + rng.normal(scale=0.008, size=(VERTICES, 3))
    weights = np.exp(-(np.linalg.norm(vertices[:, None] - joints, axis=-1) / 0.01))
    regressor = np.where(rng.random((16, VERTICES)) < 0.05, rng.random((16, VERTICES)), 0)
    regressor /= regressor.sum(1, keepdims=True)
    template = vertices
    # shift vertices so that the regressed joints are the wanted ones (least squares, exact: 16 < 778)
    template = template + np.linalg.pinv(regressor) @ (joints - regressor @ template)
    shapedirs20 = rng.normal(scale=1e-3, size=(VERTICES, 3, 20))
    return {
        "v_template": template,
        "shapedirs20": shapedirs20,
        "posedirs": rng.normal(scale=1e-4, size=(VERTICES, 3, 135)),
        "J_regressor": regressor,
        "weights": weights / weights.sum(1, keepdims=True),
        "f": disc(),
        "kintree_table": np.stack([np.where(PARENTS < 0, 2**32 - 1, PARENTS), np.arange(16)]).astype(np.uint32),
        "hands_mean": rng.normal(scale=0.2, size=45),
        "hands_components": np.linalg.qr(rng.normal(size=(45, 45)))[0],
    }


def disc():
    """1538 triangles over 778 vertices with one hole of 16 edges, as many as MANO's hand: a capped tube of rings."""
    rows = 47  # 47 rings of 16 vertices, closed by 26 more: 46 * 32 + 66 = 1538 triangles
    ring = np.arange(16)
    faces = []
    for r in range(rows - 1):
        a, b = 16 * r + ring, 16 * r + np.roll(ring, -1)
        faces += [*zip(a, b, a + 16, strict=True), *zip(b, b + 16, a + 16, strict=True)]
    border = list(16 * (rows - 1) + ring)
    extra = iter(range(16 * rows, VERTICES))
    centre = next(extra)
    closing = [(border[i], border[(i + 1) % 16], centre) for i in range(16)]
    for vertex in extra:  # each further vertex splits one triangle into three
        a, b, c = closing.pop(0)
        closing += [(a, b, vertex), (b, c, vertex), (c, a, vertex)]
    return np.array(faces + closing, np.uint32)


def write_published(path, arrays):
    """Writes the arrays as MANO's authors did: with Python 2, shapedirs as a choice from a chumpy constant."""
    with chumpy_classes() as (Ch, Select):
        constant = Ch()
        constant.__dict__.update({"x": arrays["shapedirs20"], "_dirty_vars": set(), "_itr": None})
        chosen = Select()
        indices = np.arange(VERTICES * 3 * 20).reshape(VERTICES, 3, 20)[:, :, :10].ravel()
        shape = (VERTICES, 3, 10)
        chosen.__dict__.update({"a": constant, "idxs": indices, "preferred_shape": shape, "_dirty_vars": {"a"}})
        content = {
            "hands_components": arrays["hands_components"],
            "f": arrays["f"],
            "J_regressor": csc_matrix(arrays["J_regressor"]),
            "kintree_table": arrays["kintree_table"],
            "J": arrays["J_regressor"] @ arrays["v_template"],
            "weights_prior": arrays["weights"],
            "bs_style": "lbs",
            "bs_type": "lrotmin",
            "hands_coeffs": np.zeros((3, 45)),
            "v_template": arrays["v_template"],
            "shapedirs": chosen,
            "posedirs": np.asfortranarray(arrays["posedirs"]),
            "hands_mean": arrays["hands_mean"].astype(">f8"),
            "weights": arrays["weights"],
        }
        buffer = io.BytesIO()
        Python2Pickler(buffer, protocol=2).dump(content)
    # the names of 2017
    raw = buffer.getvalue().replace(b"cscipy.sparse._csc\n", b"cscipy.sparse.csc\n")
    path.write_bytes(raw)
