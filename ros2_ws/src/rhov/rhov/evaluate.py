"""`rhov evaluate`: the figures of one result against a truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rhov.evaluation_figure import Figure, markdown
from rhov.evaluation_hand import contact_figures, hand_figures
from rhov.evaluation_input import DatasetClip, Matched, Truth, hand_model_of, truth_of_dataset, truth_of_folder
from rhov.evaluation_object import object_figures
from rhov_core.errors import InputError
from rhov_core.files import write_json
from rhov_core.hand import HandModel
from rhov_core.result_directory import TRAJECTORY
from rhov_core.trajectory import HandObjectTrajectory

EVALUATION = "evaluation.json"


def evaluate_to_file(
    result: str | Path,
    truth: str | Path | DatasetClip,
    mesh: str | Path | None = None,
    mano: str | Path | None = None,
    out: str | Path | None = None,
) -> Iterator[str]:
    """Compares a result with a truth, writes evaluation.json and yields a Markdown table and notes.

    Args:
        result: A result folder or its trajectory.npz.
        truth: The truth's folder or trajectory.npz, or a clip of a data set.
        mesh: The object's mesh, for a truth that is a folder without object.obj.
        mano: MANO_RIGHT.pkl, for data sets and results that need it.
        out: The file to write; None: evaluation.json beside the result.

    Raises:
        InputError: If something that was given cannot be used.
    """
    path = Path(result) / TRAJECTORY if Path(result).is_dir() else Path(result)
    estimate = HandObjectTrajectory.load(path)
    known = truth_of_dataset(truth, mano) if isinstance(truth, DatasetClip) else truth_of_folder(truth, mesh)
    matched = Matched.of(estimate, known)
    hand = hand_model_of(estimate, mano)
    figures = all_figures(matched, hand)
    notes = [*known.notes, *_notes(matched, hand is None, known)]
    target = Path(out) if out else path.parent / EVALUATION
    content = {
        "result": str(path),
        "truth": list(map(str, truth)) if isinstance(truth, DatasetClip) else str(truth),
        "figures": [figure.as_dict() for figure in figures],
        "notes": notes,
    }
    write_json(target, content)
    yield markdown(figures)
    yield from notes
    yield f"The figures in metres and radians are in {target}."


def all_figures(matched: Matched, hand: HandModel | None) -> list[Figure]:
    """The figures of object, hand and contact.

    Args:
        matched: Result and truth.
        hand: The model of the result's hand parameters; None: contact is not measured.

    Raises:
        InputError: If the truth has neither an object nor a hand.
    """
    figures = [*object_figures(matched), *hand_figures(matched), *contact_figures(matched, hand)]
    if not figures:
        raise InputError("the truth has neither an object nor a hand", "an annotated clip", "choose another clip")
    return figures


def _notes(matched: Matched, without_hand_model: bool, truth: Truth) -> list[str]:
    """What the table does not say, as sentences."""
    estimate, true = matched.estimate, truth.trajectory
    out = []
    lost = int((matched.object_annotated & ~matched.object_found).sum())
    if lost:
        out.append(f"{lost} frames of the truth have no pose of the object in the result.")
    if without_hand_model and estimate.hand_valid.any():
        out.append(f"Contact is not measured: the hand model '{estimate.hand_model}' was not given (--mano).")
    if matched.hand_annotated.any() and estimate.hand_side != true.hand_side:
        out.append(f"The result has a {estimate.hand_side} hand, the truth a {true.hand_side} one.")
    return out
