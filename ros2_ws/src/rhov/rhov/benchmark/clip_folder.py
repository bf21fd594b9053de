"""A clip with truth as a folder: what `rhov synthesize` writes, and what data sets are turned into."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rhov.evaluation_input import DatasetClip, Truth, truth_of_dataset, truth_of_folder
from rhov.request import ReconstructRequest
from rhov_core.errors import InputError
from rhov_core.files import read_json

ABOUT = "clip.json"
CUES: dict[str, tuple[str, ...]] = {
    "predicted": (),
    "oracle_masks": ("masks",),
    "oracle_masks_hands": ("masks", "hands.npz"),
}
"""Which parts of the truth's cues directory replace the embedded estimators. Flow, features and the hand's pose are
estimated even with oracle masks, as in the paper's Table 4b."""
_PER_FRAME = (
    *("frame_index", "stamp", "T_camera_object", "object_covariance", "object_state"),
    *("hand_pose", "hand_translation", "hand_joints", "hand_valid"),
)


@dataclass(frozen=True)
class ClipFolder:
    """clip.mp4, camera.yaml, object.obj, clip.json, truth/trajectory.npz and truth/cues in a folder."""

    folder: Path
    box: tuple[int, int, int, int]
    """x, y, width, height around the object in the first frame that is used [pixel]."""
    start: int
    """First frame that is used: the object is known to be visible in it."""
    about: dict[str, Any]
    """The content of clip.json."""

    @classmethod
    def load(cls, folder: str | Path) -> ClipFolder:
        """Reads clip.json.

        Raises:
            InputError: If it is missing or has no box, or a file of the clip is missing.
        """
        path = Path(folder)
        about = read_json(path / ABOUT)
        box = about.get("box") if isinstance(about, dict) else None
        todo = "make it with `rhov synthesize`"
        if not isinstance(box, list) or len(box) != 4:
            raise InputError(f"'{path / ABOUT}' has no box", '"box": [x, y, width, height]', todo)
        for name in ("clip.mp4", "camera.yaml", "object.obj", "truth/trajectory.npz"):
            if not (path / name).is_file():
                raise InputError(f"'{path}' has no {name}", "a clip with its truth", todo)
        x, y, width, height = (round(value) for value in box)
        return cls(path, (x, y, width, height), int(about.get("start", 0)), about)

    @property
    def video(self) -> Path:
        """The video file."""
        return self.folder / "clip.mp4"

    @property
    def mesh(self) -> Path:
        """The object's mesh."""
        return self.folder / "object.obj"

    @property
    def truth_folder(self) -> Path:
        """The folder of the truth."""
        return self.folder / "truth"

    def truth(self) -> Truth:
        """The truth; for a clip of a data set that of the data set, with the symmetries that it declares.

        Raises:
            InputError: If something of it is missing or damaged.
        """
        named = self.about.get("dataset")
        if named is None:
            return truth_of_folder(self.truth_folder, self.mesh)
        return truth_of_dataset(DatasetClip(named["name"], Path(named["root"]), named["clip"]), named["mano"])

    def used_part_of(self, truth: Truth) -> Truth:
        """The truth from the first frame that is used."""
        true = truth.trajectory
        keep = true.frame_index >= self.start
        if keep.all():
            return truth
        return replace(truth, trajectory=replace(true, **{name: getattr(true, name)[keep] for name in _PER_FRAME}))

    def offers(self, cues: str) -> bool:
        """Whether the truth has what a kind of cues needs."""
        return all((self.truth_folder / "cues" / part).exists() for part in CUES[cues])

    def request(self, cues: str) -> ReconstructRequest:
        """What `rhov reconstruct` would be asked for, with the true camera and the true box of the first frame.

        Args:
            cues: A key of `CUES`.
        """
        return ReconstructRequest(
            video=self.video,
            mesh=self.mesh,
            out=self.folder,
            camera_file=self.folder / "camera.yaml",
            box=self.box,
            start=self.start,
            cues=self._chosen(cues),
            repair_mesh=True,
        )

    def _chosen(self, cues: str) -> Path | None:
        """A cues directory with the chosen parts only, made of links; None for none."""
        if not CUES[cues]:
            return None
        chosen = self.folder / "oracle" / cues
        chosen.mkdir(parents=True, exist_ok=True)
        for part in CUES[cues]:
            link = chosen / part
            if not link.is_symlink():
                link.symlink_to(Path("../../truth/cues") / part)
        return chosen
