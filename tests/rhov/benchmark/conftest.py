import json
import pickle
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for tiny_clip

from tiny_clip import BOX, CAMERA, box_of, drawn, poses, true_trajectory

from rhov_core.pose import log_rotation
from rhov_core.video import VideoWriter

FLIP = np.diag([1.0, -1.0, -1.0, 1.0])


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory):
    """As `rhov synthesize` writes it."""
    folder = tmp_path_factory.mktemp("clips") / "turning"
    images, masks = drawn()
    with VideoWriter(folder / "clip.mp4", 30.0, (CAMERA.width, CAMERA.height), crf=8) as writer:
        for image in images:
            writer.write(image)
    for i, mask in enumerate(masks):
        for part, content in (("object", mask), ("hand", np.zeros_like(mask))):
            (folder / "truth" / "cues" / "masks" / part).mkdir(parents=True, exist_ok=True)
            path = folder / "truth" / "cues" / "masks" / part / f"{i:06d}.png"
            assert cv2.imwrite(str(path), content.astype(np.uint8) * 255)
    CAMERA.save(folder / "camera.yaml")
    BOX.save(folder / "object.obj")
    true_trajectory().save(folder / "truth" / "trajectory.npz")
    about = {"box": box_of(masks[0]), "spec": {"object": "box", "action": "turn"}, "occlusion": [0.0, 0.5] + [0.25] * 3}
    (folder / "clip.json").write_text(json.dumps(about))
    return folder


@pytest.fixture(scope="session")
def ho3d_root(tmp_path_factory):
    """The same as a sequence of HO-3D; its first frame is not annotated."""
    root = tmp_path_factory.mktemp("ho3d")
    sequence, name = root / "train" / "MC1", "003_cracker_box"
    images, masks = drawn()
    for part in ("rgb", "depth", "meta", "seg"):
        (sequence / part).mkdir(parents=True)
    for i, (image, mask, T) in enumerate(zip(images, masks, poses(), strict=True)):
        assert cv2.imwrite(str(sequence / "rgb" / f"{i:04d}.png"), image)
        assert cv2.imwrite(str(sequence / "depth" / f"{i:04d}.png"), np.zeros_like(image))
        assert cv2.imwrite(str(sequence / "seg" / f"{i:04d}.png"), mask[..., None] * np.uint8([0, 0, 255]))
        T_gl = FLIP @ T
        annotation = {
            "camMat": CAMERA.K,
            "objName": name,
            "objRot": log_rotation(T_gl[:3, :3]) if i else None,
            "objTrans": T_gl[:3, 3] if i else None,
            "handJoints3D": None,
        }
        (sequence / "meta" / f"{i:04d}.pkl").write_bytes(pickle.dumps(annotation, protocol=2))
    (root / "models" / name).mkdir(parents=True)
    BOX.save(root / "models" / name / "textured_simple.obj")
    return root
