"""Data sets in the format of the BOP benchmark (https://bop.felk.cvut.cz): YCB-Video, HANDAL, HOPE and many more.

Layout: `SPLIT/000001/{scene_camera.json,scene_gt.json,scene_gt_info.json,rgb/,depth/,mask_visib/}` and
`models/{obj_000001.ply,models_info.json}`; millimetres. A clip is "SPLIT/SCENE/OBJECT", one object over the images of
a scene that show it; "SPLIT/SCENE/OBJECT.2" is the second instance of that object. BOP knows nothing about hands.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from rhov_core.arrays import BoolArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.datasets.clip import Clip, HandTruth, read_image
from rhov_core.datasets.layout import Layout
from rhov_core.datasets.rigid import nearest_rigid
from rhov_core.files import read_json
from rhov_core.pose import exp_rotation, make_transform

LAYOUT = Layout(
    "BOP data set",
    "https://bop.felk.cvut.cz/datasets (the base archive, the models and one archive of images)",
    "SPLIT/SCENE/{scene_camera.json,scene_gt.json,rgb} and models/",
)
FRAME_RATE = 30.0
"""BOP stores no times; its video scenes were recorded at this rate."""
SYMMETRY_STEP = 0.01
"""A vertex moves by at most this fraction of the diameter between steps of a continuous symmetry, as in BOP."""
VISIBLE_FRACTION = 0.1
"""BOP evaluates a pose only where at least this fraction of the object's silhouette is visible."""
_MILLIMETRE = 1e-3
_MODELS = ("models", "models_cad", "models_eval")


def clip_names(root: str | Path, split: str | None = None) -> list[str]:
    """Names of the clips of a split such as "test", or of all that are there.

    Raises:
        InputError: If the folder is not in BOP's format or the split is not there.
    """
    folder = LAYOUT.root(root)
    scenes = [p.parent for p in sorted(folder.glob(f"{split or '*'}/*/scene_gt.json"))]
    if not scenes:
        fisheye = [*folder.glob("*/*/scene_gt_gray*.json"), *folder.glob("*/*/scene_gt_rgb*.json")]
        why = f"there is no SCENE/scene_gt.json in '{folder / (split or 'SPLIT')}'"
        if fisheye:
            why += f", only {fisheye[0].name}: read HOT3D from the clips it was made of, with --dataset hot3d"
        raise LAYOUT.error(why)
    return [f"{s.parent.name}/{s.name}/{name}" for s in scenes for name in _instances(read_json(s / "scene_gt.json"))]


def load_clip(root: str | Path, name: str, mano: str | Path | None = None) -> Clip:
    """One object over the images of a scene.

    Args:
        root: The folder of the data set, such as ycbv/.
        name: "SPLIT/SCENE/OBJECT", or "SPLIT/SCENE/OBJECT.2" and so on for further instances.
        mano: Not needed: there are no hands.

    Raises:
        InputError: If something is missing or damaged, or the intrinsic matrix changes within the scene.
    """
    folder = LAYOUT.root(root)
    scene, instance = folder / Path(name).parent, Path(name).name
    if not (scene / "scene_gt.json").is_file():  # reading all scenes, as for clip_names, takes minutes
        LAYOUT.clip(name, clip_names(folder))
    instances = _instances(read_json(scene / "scene_gt.json"))
    LAYOUT.clip(name, [str((scene / i).relative_to(folder)) for i in instances])
    places = instances[instance]
    cameras = read_json(LAYOUT.require(scene / "scene_camera.json", "scene_camera.json"))
    images = [_image(scene, int(i)) for i in places]
    K = np.array([cameras[i]["cam_K"] for i in places], np.float64).reshape(-1, 3, 3)
    if not np.allclose(K, K[0], atol=1e-3):
        raise LAYOUT.error(f"the intrinsic matrix changes within '{scene}', which RHOV cannot track")
    entries = [entry for _, entry in places.values()]
    R = np.array([e["cam_R_m2c"] for e in entries], np.float64).reshape(-1, 3, 3)
    t = np.array([e["cam_t_m2c"] for e in entries], np.float64) * _MILLIMETRE
    height, width = read_image(images[0], cv2.IMREAD_COLOR).shape[:2]
    keys = list(places)
    object_id = int(instance.split(".")[0])
    models = next((folder / m for m in _MODELS if (folder / m).is_dir()), folder / "models")
    return Clip(
        dataset=folder.name,
        name=name,
        camera=Camera(K[0], width, height),
        images=tuple(images),
        stamp=np.array([int(i) for i in keys]) / FRAME_RATE,
        mesh_path=LAYOUT.require(models / f"obj_{object_id:06d}.ply", "a mesh"),
        object_name=f"obj_{object_id:06d}",
        T_camera_object=nearest_rigid(R, t, f"scene_gt.json of '{scene}'"),
        object_valid=_visible(scene, places),
        hand=HandTruth.unknown(len(keys)),
        place_vertices=lambda vertices: vertices * _MILLIMETRE,
        symmetries=declared_symmetries(models / "models_info.json", object_id),
        read_depth=(lambda i: _depth(scene, keys[i], cameras)) if (scene / "depth").is_dir() else None,
        read_object_mask=(lambda i: _mask(scene, keys[i], places)) if (scene / "mask_visib").is_dir() else None,
        notes=(
            "BOP stores no times: images are taken to be 1/30 s apart, by their number.",
            f"As in BOP, images that show less than {VISIBLE_FRACTION:.0%} of the object do not count.",
        ),
    )


def _instances(annotations: Mapping[str, Any]) -> dict[str, dict[str, tuple[int, Any]]]:
    """For each instance by name, and each image that shows it: its place among the annotations, and the annotation."""
    found: dict[str, dict[str, tuple[int, Any]]] = {}
    for image in sorted(annotations, key=int):
        seen: dict[int, int] = {}
        for place, entry in enumerate(annotations[image]):
            number = seen[entry["obj_id"]] = seen.get(entry["obj_id"], 0) + 1
            name = f"{entry['obj_id']}" if number == 1 else f"{entry['obj_id']}.{number}"
            found.setdefault(name, {})[image] = (place, entry)
    return found


def _visible(scene: Path, places: Mapping[str, tuple[int, Any]]) -> BoolArray:
    """(N,) images in which the object is visible enough to count; all where the data set does not say."""
    path = scene / "scene_gt_info.json"
    if not path.is_file():
        return np.ones(len(places), bool)
    info = read_json(path)
    return np.array([info[key][place]["visib_fract"] >= VISIBLE_FRACTION for key, (place, _) in places.items()])


def _image(scene: Path, index: int) -> Path:
    candidates = [scene / kind / f"{index:06d}.{end}" for kind in ("rgb", "gray") for end in ("png", "jpg", "tif")]
    return LAYOUT.require(next((p for p in candidates if p.is_file()), candidates[0]), "an image")


def _depth(scene: Path, key: str, cameras: Mapping[str, Any]) -> FloatArray:
    scale = float(cameras[key].get("depth_scale", 1.0)) * _MILLIMETRE
    return read_image(scene / "depth" / f"{int(key):06d}.png", cv2.IMREAD_UNCHANGED) * scale


def _mask(scene: Path, key: str, places: Mapping[str, tuple[int, Any]]) -> BoolArray:
    path = scene / "mask_visib" / f"{int(key):06d}_{places[key][0]:06d}.png"
    return read_image(path, cv2.IMREAD_GRAYSCALE) > 0


def declared_symmetries(path: Path, object_id: int) -> FloatArray:
    """All symmetries (S, 4, 4) [m] of models_info.json, the identity first; continuous ones in BOP's steps.

    Raises:
        InputError: If the file is missing or damaged.
    """
    info = read_json(LAYOUT.require(path, "models_info.json")).get(str(object_id), {})
    discrete = [np.eye(4)]
    for matrix in info.get("symmetries_discrete", []):
        T = np.array(matrix, np.float64).reshape(4, 4)
        discrete.append(nearest_rigid(T[:3, :3], T[:3, 3] * _MILLIMETRE, f"'{path}'"))
    steps = int(np.ceil(np.pi / SYMMETRY_STEP))
    continuous = []
    for symmetry in info.get("symmetries_continuous", []):
        axis = np.asarray(symmetry["axis"], np.float64)
        offset = np.asarray(symmetry["offset"], np.float64) * _MILLIMETRE
        R = exp_rotation(np.arange(steps)[:, None] * (2 * np.pi / steps) * axis / np.linalg.norm(axis))
        continuous.append(make_transform(R, offset - R @ offset))
    turns = np.concatenate(continuous) if continuous else np.eye(4)[None]
    return (turns[:, None] @ np.stack(discrete)[None]).reshape(-1, 4, 4)
