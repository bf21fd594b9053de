"""Hand estimates and object cues: what perception sends to the optimiser."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from rhov_msgs.msg import HandEstimate as HandEstimateMsg
from rhov_msgs.msg import ObjectCues
from sensor_msgs.msg import Image, RegionOfInterest
from std_msgs.msg import Header

from rhov_core.arrays import BoolArray, FloatArray, checked
from rhov_core.cues import FrameCues, HandEstimate
from rhov_core.errors import InputError
from rhov_core.messages.geometry import time_from_msg
from rhov_core.messages.image import color_from_msg, image_to_msg, mask_from_msg, mask_to_msg
from rhov_core.picture_crop import PictureCrop


def hand_to_msg(
    hand: HandEstimate | None,
    header: Header,
    frame_index: int,
    image_size: tuple[int, int],
    mask: BoolArray | None = None,
) -> HandEstimateMsg:
    """A hand, or the message that there is none, in the frame with this header.

    Args:
        hand: None where no hand was detected.
        header: Of the source image.
        frame_index: Of the source image.
        image_size: (width, height) [pixel].
        mask: (H, W) where the hand is.
    """
    message = HandEstimateMsg(header=header, frame_index=frame_index, mask=mask_to_msg(mask, header))
    if hand is None:
        return message
    message.detected, message.side, message.score = True, hand.side, float(hand.score)
    message.box = _box(hand.keypoints, image_size)
    message.keypoints = hand.keypoints.astype(np.float32).ravel()
    message.hand_model = hand.model
    message.pose, message.shape, message.translation = hand.pose.copy(), hand.shape.copy(), hand.translation.copy()
    message.joints, message.wrist_covariance = hand.joints.flatten(), hand.wrist_covariance.flatten()
    return message


def hand_from_msg(message: HandEstimateMsg) -> HandEstimate | None:
    """The hand of a message, None where none was detected.

    Raises:
        InputError: If a number is not finite or the side is unknown.
    """
    if not message.detected:
        return None
    if message.side not in ("right", "left"):
        raise InputError(f"the side of the hand is '{message.side}'", "right or left", "check the hand estimator")
    return HandEstimate(
        side="right" if message.side == "right" else "left",
        score=_unit("the score of the hand", message.score),
        keypoints=np.asarray(message.keypoints, np.float64).reshape(21, 2),
        pose=message.pose,
        shape=message.shape,
        translation=message.translation,
        joints=np.asarray(message.joints).reshape(21, 3),
        wrist_covariance=np.asarray(message.wrist_covariance).reshape(6, 6),
        model=message.hand_model,
    )


def hand_mask_from_msg(message: HandEstimateMsg) -> BoolArray | None:
    """The mask (H, W) of the hand, None without one.

    Raises:
        InputError: If the image is not a mask.
    """
    return mask_from_msg(message.mask)


def object_cues_to_msg(cues: FrameCues, header: Header) -> ObjectCues:
    """What the cues say about the object; hand and depth travel in messages of their own."""
    width, height = cues.image_size
    box = RegionOfInterest()
    if cues.object_mask is not None and cues.object_mask.any():
        rows, columns = np.flatnonzero(cues.object_mask.any(1)), np.flatnonzero(cues.object_mask.any(0))
        box = _box([[columns[0], rows[0]], [columns[-1], rows[-1]]], cues.image_size)
    return ObjectCues(
        header=header,
        frame_index=cues.frame_index,
        image_width=width,
        image_height=height,
        mask=mask_to_msg(cues.object_mask, header),
        cover=mask_to_msg(cues.cover_mask, header),
        box=box,
        **_crop_fields(cues.crop, header),
        mask_score=float(cues.mask_score),
        flow_source=_floats(cues.flow_source),
        flow_target=_floats(cues.flow_target),
        feature_positions=_floats(cues.feature_positions),
        feature_descriptors=array("B", cues.feature_descriptors.tobytes()),
        descriptor_size=cues.feature_descriptors.shape[1],
    )


def frame_cues_from_msg(message: ObjectCues, hand: HandEstimateMsg | None = None) -> FrameCues:
    """The cues of a frame from what the object estimator and the hand estimator said about it.

    Args:
        message: The object's cues.
        hand: The hand in the same frame, if it is known.

    Raises:
        InputError: If sizes do not fit, a number is not finite, or the hand belongs to another frame.
    """
    if hand is not None and hand.header.stamp != message.header.stamp:
        raise InputError(
            f"the hand has the stamp {time_from_msg(hand.header.stamp)} and the object "
            f"{time_from_msg(message.header.stamp)}",
            "messages about the same frame",
            "join them by equal stamps",
        )
    if 0 in (message.image_width, message.image_height):
        given = f"the object cues are for {message.image_width}x{message.image_height} pixels"
        raise InputError(given, "a positive size", "check the object estimator")
    positions = _points("feature_positions", message.feature_positions)
    bytes_expected = len(positions) * message.descriptor_size
    if len(message.feature_descriptors) != bytes_expected:
        raise InputError(
            f"the object cues have {len(message.feature_descriptors)} bytes of descriptors",
            f"{message.descriptor_size} bytes for each of {len(positions)} features",
            "check the object estimator",
        )
    descriptors = np.asarray(message.feature_descriptors, np.uint8)
    return FrameCues(
        frame_index=message.frame_index,
        stamp=time_from_msg(message.header.stamp),
        image_size=(message.image_width, message.image_height),
        hand=None if hand is None else hand_from_msg(hand),
        hand_mask=None if hand is None else hand_mask_from_msg(hand),
        cover_mask=mask_from_msg(message.cover),
        object_mask=mask_from_msg(message.mask),
        crop=_crop(message),
        mask_score=_unit("the score of the mask", message.mask_score),
        flow_source=_points("flow_source", message.flow_source),
        flow_target=_points("flow_target", message.flow_target),
        feature_positions=positions,
        feature_descriptors=descriptors.reshape(len(positions), message.descriptor_size),
    )


def _crop_fields(crop: PictureCrop | None, header: Header) -> dict[str, Any]:
    if crop is None:
        return {"crop": Image(header=header, encoding="bgr8")}
    picture = image_to_msg(crop.pixels, "bgr8", header)
    return {"crop": picture, "crop_x": crop.x0, "crop_y": crop.y0, "crop_step": crop.step}


def _crop(message: ObjectCues) -> PictureCrop | None:
    if message.crop.height == 0:
        return None
    return PictureCrop(color_from_msg(message.crop), message.crop_x, message.crop_y, message.crop_step)


def _floats(points: FloatArray) -> array[float]:
    return array("f", points.astype(np.float32).tobytes())


def _points(name: str, values: ArrayLike) -> FloatArray:
    flat = np.asarray(values, np.float64)
    if flat.size % 2:
        raise InputError(f"{name} has {flat.size} numbers", "pairs (u, v)", "check the object estimator")
    return checked(name, flat.reshape(-1, 2), (None, 2))


def _unit(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise InputError(f"{name} is {value}", "0 to 1", "check its publisher")
    return float(value)


def _box(points: ArrayLike, image_size: tuple[int, int]) -> RegionOfInterest:
    """The smallest box of whole pixels around points (N, 2) [pixel], cut at the border of the image."""
    pixels = np.rint(np.asarray(points, np.float64)).astype(int)
    low = np.clip(pixels.min(axis=0), 0, image_size)
    high = np.clip(pixels.max(axis=0) + 1, low, image_size)
    (x, y), (width, height) = low.tolist(), (high - low).tolist()
    return RegionOfInterest(x_offset=x, y_offset=y, width=width, height=height)
