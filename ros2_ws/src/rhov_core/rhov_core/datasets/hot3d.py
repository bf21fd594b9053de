"""HOT3D-Clips (Banerjee et al., CVPR 2025): hands and objects seen by head-mounted fisheye cameras, Aria and Quest 3.

Layout (facebookresearch/hot3d, hot3d/clips/README.md and clip_util.py; also what BOP distributes as HOT3D):
`SPLIT/clip-001849.tar` with `000000.image_STREAM.jpg`, `000000.{cameras,objects,hands,info}.json` and
`__hand_shapes.json__`; `object_models_eval/` or `object_models/` with `obj_000005.glb` and `models_info.json`. Metres,
quaternions w x y z, masks run-length encoded.

A clip is "SPLIT/clip-001849/OBJECT": one object as the colour camera (Aria, stream 214-1) or the first grey one
(Quest 3, 1201-1) saw it; "SPLIT/clip-001849/OBJECT@1201-2" chooses another stream. The cameras are fisheyes that move
with the head: pictures are those of a pinhole camera (see `rectified`), poses are given in that camera in each frame.
The hand is the right one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rhov_core.arrays import BoolArray, ByteArray, FloatArray
from rhov_core.camera import Camera
from rhov_core.datasets.bop import VISIBLE_FRACTION, declared_symmetries
from rhov_core.datasets.clip import Clip, HandTruth
from rhov_core.datasets.clip_archive import ClipArchive, first_json
from rhov_core.datasets.fisheye import MODEL, FisheyeCamera
from rhov_core.datasets.hand_motion import moved_hand
from rhov_core.datasets.layout import Layout
from rhov_core.datasets.rectified import T_UPRIGHT_SENSOR, rectify, upright_pinhole
from rhov_core.errors import InputError
from rhov_core.hand import HandModel
from rhov_core.pose import inverse, make_transform, rotation_from_quaternion

LAYOUT = Layout(
    "HOT3D-Clips",
    "https://huggingface.co/datasets/bop-benchmark/hot3d (its clips stay archives)",
    "train_aria/ or train_quest3/ with clip-NNNNNN.tar, and object_models_eval/ or object_models/",
)
STREAMS = ("214-1", "1201-1", "1201-2")
"""Colour, first and second grey camera; a clip's default is the first of them that it has."""
_MODELS = ("object_models_eval", "object_models")
_SHAPES = "__hand_shapes.json__"


def clip_names(root: str | Path, split: str | None = None) -> list[str]:
    """Names of the clips of a split such as "train_aria", or of all that are there, one for each object.

    Raises:
        InputError: If the folder is no HOT3D-Clips, or none of its clips has annotations, as in the test splits.
    """
    folder = LAYOUT.root(root)
    archives = sorted(folder.glob(f"{split or '*'}/clip-*.tar"))
    if not archives:
        raise LAYOUT.error(f"there is no {split or 'SPLIT'}/clip-NNNNNN.tar in '{folder}'")
    objects = {path: first_json(path, ".objects.json", LAYOUT) or {} for path in archives}
    names = [f"{p.parent.name}/{p.stem}/{name}" for p, found in objects.items() for name in sorted(found, key=int)]
    if not names:
        raise LAYOUT.error(
            f"no clip in '{folder / (split or 'SPLIT')}' has objects.json: test splits come without truth"
        )
    return names


def load_clip(root: str | Path, name: str, mano: str | Path | None = None) -> Clip:
    """One object over the frames of a clip, as one of the cameras saw it.

    Args:
        root: The folder that holds the splits and the object models.
        name: "SPLIT/CLIP/OBJECT" or "SPLIT/CLIP/OBJECT@STREAM".
        mano: MANO_RIGHT.pkl; without it the hand is not known, as MANO's parameters are published.

    Raises:
        InputError: If something is missing or damaged, or the clip has no such object or camera.
    """
    folder = LAYOUT.root(root)
    path, _, stream = name.partition("@")
    place = folder / f"{Path(path).parent}.tar"
    if not place.is_file():
        LAYOUT.clip(path, clip_names(folder))
    archive, key = ClipArchive(place, LAYOUT), Path(path).name
    frames = _frames(archive, stream, name)
    annotations = [_annotation(archive, frame.key, key) for frame in frames]
    if not any(annotations):
        known = sorted({k for f in frames for k in _objects(archive, f.key)}, key=int)
        LAYOUT.clip(path, [f"{Path(path).parent}/{k}" for k in known])
    camera = upright_pinhole(frames[0].fisheye)
    T_camera_world = np.stack([frame.T_camera_world for frame in frames])
    T_world_object = np.stack([_transform(a["T_world_from_object"]) if a else np.eye(4) for a in annotations])
    T_camera_object = T_camera_world @ T_world_object
    valid = _visible(annotations, frames[0].stream, T_camera_object, camera)
    model = next((m for m in _MODELS if (folder / m).is_dir()), _MODELS[0])
    mesh = LAYOUT.require(folder / model / f"obj_{int(key):06d}.glb", "a mesh")
    masked = all("masks_modal" in a for a in annotations if a)
    return Clip(
        dataset="HOT3D",
        name=name,
        camera=camera,
        images=tuple(place.with_suffix("") / frame.image for frame in frames),
        stamp=np.array([frame.stamp - frames[0].stamp for frame in frames]) * 1e-9,
        mesh_path=mesh,
        object_name=next(a for a in annotations if a).get("object_name", mesh.stem),
        T_camera_object=np.where(valid[:, None, None], T_camera_object, np.eye(4)),
        object_valid=valid,
        hand=_hand(archive, frames, T_camera_world, mano),
        symmetries=declared_symmetries(mesh.with_name("models_info.json"), int(key)),
        read_colour=lambda i: rectify(archive.image(frames[i].image), frames[i].fisheye, camera),
        read_object_mask=(lambda i: _mask(annotations[i], frames[i], camera)) if masked else None,
        notes=(
            f"Pictures of the fisheye camera {frames[0].stream} are rectified and turned upright; it moves with the "
            "head, and poses are given in the camera.",
            f"As in BOP, pictures that show less than {VISIBLE_FRACTION:.0%} of the object, or not its centre, do not "
            "count.",
        ),
    )


class _Frame(NamedTuple):
    """A picture and its camera."""

    key: str
    stream: str
    fisheye: FisheyeCamera
    T_camera_world: FloatArray
    """(4, 4), of the upright camera."""
    stamp: int
    """[ns]"""

    @property
    def image(self) -> str:
        return f"{self.key}.image_{self.stream}.jpg"


def _frames(archive: ClipArchive, wanted: str, name: str) -> list[_Frame]:
    """All frames of the wanted stream; "" for the default one."""
    keys = archive.frames
    there = [s for s in STREAMS if s in archive.json(f"{keys[0]}.cameras.json")]
    if not there or (wanted and wanted not in there):
        raise InputError(
            f"the clip '{name}' has no camera '{wanted}'", f"one of {', '.join(there) or 'none'}", "choose another"
        )
    return [_frame(archive, key, wanted or there[0]) for key in keys]


def _frame(archive: ClipArchive, key: str, stream: str) -> _Frame:
    try:
        content = archive.json(f"{key}.cameras.json")[stream]
        stamp = int(archive.json(f"{key}.info.json")["image_timestamps_ns"][stream])
        calibration = content["calibration"]
        model, parameters = calibration["projection_model_type"], calibration["projection_params"]
        size = int(calibration["image_width"]), int(calibration["image_height"])
        T_world_sensor = _transform(content["T_world_from_camera"])
    except (KeyError, TypeError, ValueError) as error:
        raise LAYOUT.error(f"camera {stream} of frame {key} cannot be read ({error!r})") from error
    if model != MODEL:
        raise LAYOUT.error(f"camera {stream} of frame {key} has the model '{model}' in place of {MODEL}")
    frame = _Frame(
        key,
        stream,
        FisheyeCamera.from_parameters(parameters, *size),
        T_UPRIGHT_SENSOR @ inverse(T_world_sensor),
        stamp,
    )
    if frame.image not in archive:
        raise LAYOUT.error(f"the archive has no {frame.image}")
    return frame


def _objects(archive: ClipArchive, key: str) -> Mapping[str, Any]:
    name = f"{key}.objects.json"
    return archive.json(name) if name in archive else {}


def _annotation(archive: ClipArchive, key: str, name: str) -> Any:
    """The first instance of an object in a frame; None if it is not annotated there."""
    return next(iter(_objects(archive, key).get(name, ())), None)


def _transform(content: Mapping[str, Any]) -> FloatArray:
    w, x, y, z = content["quaternion_wxyz"]
    return make_transform(rotation_from_quaternion([x, y, z, w]), content["translation_xyz"])


def _visible(annotations: list[Any], stream: str, T_camera_object: FloatArray, camera: Camera) -> BoolArray:
    """(N,) frames that show enough of the object, see hot3d/clips/bop_format_converters."""
    kinds = ("visibilities_modeled", "visibilities_predicted")
    fraction = [
        min((a[kind].get(stream, 0.0) for kind in kinds if kind in a), default=0.0) if a else 0.0 for a in annotations
    ]
    centre = camera.project(T_camera_object[:, :3, 3])
    inside = (np.nan_to_num(centre, nan=-1.0) >= 0).all(1) & (centre <= [camera.width - 1, camera.height - 1]).all(1)
    return (np.array(fraction) >= VISIBLE_FRACTION) & inside


def _mask(annotation: Any, frame: _Frame, camera: Camera) -> BoolArray:
    """The visible part (H, W) in the rectified picture."""
    encoded = (annotation or {}).get("masks_modal", {}).get(frame.stream)
    if encoded is None:
        return np.zeros((camera.height, camera.width), bool)
    mask = run_length_decoded(encoded["rle"], int(encoded["height"]), int(encoded["width"]))
    return rectify(mask, frame.fisheye, camera, nearest=True) > 0


def run_length_decoded(runs: list[int], height: int, width: int) -> ByteArray:
    """A mask (H, W) of 0 and 1 of runs start, length, start, ...; starts count from 1 along rows (`clip_util.py`)."""
    mask = np.zeros(height * width, np.uint8)
    for start, length in zip(runs[::2], runs[1::2], strict=True):
        mask[start - 1 : start - 1 + length] = 1
    return mask.reshape(height, width)


def _hand(archive: ClipArchive, frames: list[_Frame], T_camera_world: FloatArray, mano: str | Path | None) -> HandTruth:
    """The right hand: `thetas` are MANO's first principal components, `wrist_xform` its orientation and translation."""
    if mano is None or _SHAPES not in archive:
        return HandTruth.unknown(len(frames))
    model = HandModel.load(mano)
    if model.prior_mean is None or model.prior_components is None:
        raise InputError(f"the hand model '{mano}' has no principal components", "MANO_RIGHT.pkl", "give that")
    shape = np.ravel(archive.json(_SHAPES)["mano"])[:10].astype(np.float64)
    pose, translation, valid = np.zeros((len(frames), 48)), np.zeros((len(frames), 3)), np.zeros(len(frames), bool)
    for i, frame in enumerate(frames):
        name = f"{frame.key}.hands.json"
        published = ((archive.json(name) if name in archive else {}).get("right") or {}).get("mano_pose")
        if published is None:
            continue
        thetas, wrist = (np.asarray(published[k], np.float64) for k in ("thetas", "wrist_xform"))
        pose[i, :3], translation[i], valid[i] = wrist[:3], wrist[3:], True
        pose[i, 3:] = model.prior_mean + thetas @ model.prior_components[: len(thetas)]
    wrist_at_rest = model.wrist_transform(np.zeros(48), shape, np.zeros(3))[0, :3, 3]
    pose, translation = moved_hand(pose, translation, wrist_at_rest, T_camera_world)
    pose[~valid], translation[~valid] = 0, 0
    joints = model.forward_numpy(pose, shape, translation).joints
    joints[~valid] = 0
    return HandTruth("right", joints, valid, pose, translation, valid, shape)
