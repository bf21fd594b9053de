"""ARCTIC (Fan et al., CVPR 2023): two hands with articulated objects, eight fixed cameras and one on the head.

Layout: `raw_seqs/sXX/SEQUENCE.{object,mano,egocam.dist}.npy`, `meta/misc.json`,
`meta/object_vtemplates/OBJECT/{mesh.obj,parts.json}`, `images/sXX/SEQUENCE/VIEW/00001.jpg`. A clip is
"sXX/SEQUENCE/VIEW"; view 0 is the head's camera. The hand is the right one.

Objects have two parts with one hinge. RHOV's are rigid: the mesh is that of the clip's median hinge angle, its frame
that of the lower part, and `notes` says how far the hinge moves. In the sequences called "grab" it hardly does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.datasets.clip import Clip, HandTruth
from rhov_core.datasets.hand_motion import moved_hand
from rhov_core.datasets.layout import Layout
from rhov_core.datasets.rigid import nearest_rigid
from rhov_core.errors import InputError
from rhov_core.files import read_json
from rhov_core.hand import HandModel
from rhov_core.pose import exp_rotation, make_transform
from rhov_core.records import read_pickle

LAYOUT = Layout(
    "ARCTIC",
    "https://arctic.is.tue.mpg.de (download_misc.sh for raw_seqs and meta, download_images.sh for images)",
    "raw_seqs/, meta/ and images/",
)
FRAME_RATE = 30.0
_VIEWS = 9
_HINGE = np.array([0.0, 0.0, -1.0])
_MILLIMETRE = 1e-3


def clip_names(root: str | Path, split: str | None = None) -> list[str]:
    """Names of the clips whose images are there; a split is a subject such as "s05".

    Raises:
        InputError: If the folder is no ARCTIC or nothing was downloaded for the split.
    """
    folder = LAYOUT.root(root)
    found = sorted((folder / "raw_seqs").glob(f"{split or 's*'}/*.object.npy"))
    sequences = [f"{p.parent.name}/{p.name.removesuffix('.object.npy')}" for p in found]
    names = [f"{s}/{v}" for s in sequences for v in range(_VIEWS) if (folder / "images" / s / str(v)).is_dir()]
    if not names:
        raise LAYOUT.error(f"no sequence{f' of {split}' if split else ''} in '{folder}' has both raw_seqs and images")
    return names


def load_clip(root: str | Path, name: str, mano: str | Path | None = None) -> Clip:
    """One sequence as one camera saw it.

    Args:
        root: The folder that holds raw_seqs/, meta/ and images/.
        name: "sXX/SEQUENCE/VIEW".
        mano: MANO_RIGHT.pkl; without it the hand is not known, as the raw sequences hold parameters only.

    Raises:
        InputError: If something is missing or damaged.
    """
    folder = LAYOUT.root(root)
    subject, sequence, view = LAYOUT.clip(name, clip_names(folder)).split("/")
    raw = folder / "raw_seqs" / subject
    objects = np.asarray(_read(raw / f"{sequence}.object.npy"), np.float64)
    if objects.ndim != 2 or objects.shape[1] != 7:
        raise LAYOUT.error(f"'{raw / sequence}.object.npy' has the shape {objects.shape} in place of (frames, 7)")
    misc = read_json(LAYOUT.require(folder / "meta" / "misc.json", "misc.json")).get(subject)
    if misc is None:
        raise LAYOUT.error(f"meta/misc.json says nothing about {subject}")
    listed = LAYOUT.choose(folder / "images" / name, "*.jpg", "image")
    index = np.array([int(p.stem) for p in listed]) - int(misc["ioi_offset"])
    used = (index >= 0) & (index < len(objects))  # the cameras ran longer than the motion capture
    images, index = tuple(p for p, keep in zip(listed, used, strict=True) if keep), index[used]
    if not images:
        raise LAYOUT.error(f"no image of '{name}' falls into the motion capture")
    camera, T_camera_world = _camera(misc, int(view), raw / f"{sequence}.egocam.dist.npy", index)
    hinge, rotation, translation = objects[index, 0], objects[index, 1:4], objects[index, 4:] * _MILLIMETRE
    template = folder / "meta" / "object_vtemplates" / sequence.split("_")[0]
    top = np.asarray(read_json(LAYOUT.require(template / "parts.json", "parts.json")), bool)
    angle = float(np.median(hinge))
    return Clip(
        dataset="ARCTIC",
        name=name,
        camera=camera,
        images=images,
        stamp=index / FRAME_RATE,
        mesh_path=LAYOUT.require(template / "mesh.obj", "a mesh"),
        object_name=template.name,
        T_camera_object=T_camera_world @ make_transform(exp_rotation(rotation), translation),
        object_valid=np.ones(len(images), bool),
        hand=_hand(raw / f"{sequence}.mano.npy", index, T_camera_world, mano),
        place_vertices=lambda vertices: _hinged(vertices, top, angle),
        notes=(
            f"The object's hinge is held at {angle:.3f} rad; in the clip it goes from {hinge.min():.3f} to "
            f"{hinge.max():.3f} rad.",
        ),
    )


def _read(path: Path) -> Any:
    return read_pickle(path, "a file of ARCTIC's raw_seqs", f"download it again from {LAYOUT.source}")


def _hinged(vertices: FloatArray, top: Any, angle: float) -> FloatArray:
    """The template (V, 3) [mm] with its upper part turned about the hinge, in metres."""
    if len(top) != len(vertices):
        raise LAYOUT.error(f"parts.json has {len(top)} entries for {len(vertices)} vertices")
    out = vertices * _MILLIMETRE
    out[top] = out[top] @ exp_rotation(angle * _HINGE).T
    return out


def _camera(misc: Any, view: int, ego_path: Path, index: Any) -> tuple[Camera, FloatArray]:
    """The camera of a view and T_camera_world (N, 4, 4)."""
    width, height = (int(n) for n in misc["image_size"][view])
    if view > 0:
        T = np.asarray(misc["world2cam"][view - 1], np.float64)
        T = nearest_rigid(T[:3, :3], T[:3, 3], "world2cam of misc.json")
        return Camera(np.asarray(misc["intris_mat"][view - 1]), width, height), np.tile(T, (len(index), 1, 1))
    ego = _read(ego_path)
    R = np.asarray(ego["R_k_cam_np"], np.float64).reshape(-1, 3, 3)[index]
    t = np.asarray(ego["T_k_cam_np"], np.float64).reshape(-1, 3)[index]
    camera = Camera(np.asarray(ego["intrinsics"]), width, height, np.ravel(ego["dist8"]))
    return camera, nearest_rigid(R, t, f"R_k_cam_np of '{ego_path}'")


def _hand(path: Path, index: Any, T_camera_world: FloatArray, mano: str | Path | None) -> HandTruth:
    if mano is None:
        return HandTruth.unknown(len(index))
    model = HandModel.load(mano)
    if model.prior_mean is None:
        raise InputError(f"the hand model '{mano}' has no mean pose", "MANO_RIGHT.pkl", "give that")
    right = _read(path)["right"]
    shape = np.ravel(right["shape"])[:10]
    rotation, fingers, t = (np.asarray(right[key], np.float64)[index] for key in ("rot", "pose", "trans"))
    pose = np.concatenate([rotation, fingers + model.prior_mean], axis=1)
    wrist_at_rest = model.wrist_transform(np.zeros(48), shape, np.zeros(3))[0, :3, 3]
    pose, translation = moved_hand(pose, t, wrist_at_rest, T_camera_world)
    joints = model.forward_numpy(pose, shape, translation).joints
    yes = np.ones(len(index), bool)
    return HandTruth("right", joints, yes, pose, translation, yes, shape)
