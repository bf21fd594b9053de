"""Figures of the object."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.spatial import ConvexHull

from rhov.evaluation_figure import Figure
from rhov.evaluation_input import Matched
from rhov_core import metrics
from rhov_core.arrays import FloatArray
from rhov_core.object_model import ObjectModel
from rhov_core.pose import difference, transform_points
from rhov_core.render import rasterize

SURFACE_POINTS = 2000
"""Points on the surface that stand for it, evenly by area, the same in every run."""
_PAIRS = 200_000
"""Symmetries times points that one frame's MSSD and MSPD may cost."""
_FACES = 5000


def object_figures(matched: Matched) -> list[Figure]:
    """All figures of the object; lost frames are left out of means and count as wrong in recalls and areas."""
    found, of = matched.object_found, int(matched.object_annotated.sum())
    if not of:
        return []
    n = int(found.sum())
    mean = partial(Figure, "object", frames=n, of=of, failures="left out")
    share = partial(Figure, "object", frames=of, of=of, failures="count as wrong")
    out = [share("frames lost", 1 - n / of, "fraction", "none")]
    model = matched.truth.model
    T, e = matched.T_true[found], matched.T_estimated[found]
    scaled = e.copy()  # its first three columns also carry the estimated size
    scaled[:, :3, :3] *= matched.estimate.object_scale
    points = surface_points(model, SURFACE_POINTS)
    if not n:
        out += [share(name, 0.0, "fraction", "none") for name in ("ADD AUC to 0.1 m", "ADD-S AUC to 0.1 m")]
        recalls = ["AR_MSSD", "AR_MSPD"]
        return [*out, *(share(r, 0.0, "fraction", "nearest symmetry") for r in (*recalls, _average(recalls)))]
    # A symmetric turn maps the surface onto itself but sampled points beside one another: their distance is no error.
    same = metrics.nearest_symmetric(e, T, model.symmetries)
    add, add_s = metrics.add(scaled, T, points), metrics.add_s(scaled, same, points)
    pairs = [(transform_points(a, points), transform_points(b, points)) for a, b in zip(scaled, same, strict=True)]
    lost = np.full(of - n, np.inf)
    translation, rotation = metrics.translation_error(e, same), metrics.rotation_error(e, same)
    out += [
        mean("translation error", float(metrics.translation_error(e, T).mean()), "m", "none"),
        mean("rotation error", float(metrics.rotation_error(e, T).mean()), "rad", "none"),
        *_spread(partial(mean, unit="m", alignment="nearest symmetry"), "translation error, symmetric", translation),
        *_spread(partial(mean, unit="rad", alignment="nearest symmetry"), "rotation error, symmetric", rotation),
        mean("chamfer", _mean([metrics.chamfer(a, b) for a, b in pairs]), "m", "none"),
        mean(
            "chamfer, translation aligned",
            _mean([metrics.chamfer_translation_aligned(a, b) for a, b in pairs]),
            "m",
            "translation",
        ),
        mean("ADD", _mean(add), "m", "none"),
        mean("ADD-S", _mean(add_s), "m", "none"),
        share("ADD AUC to 0.1 m", metrics.area_under_curve(np.append(add, lost)), "fraction", "none"),
        share("ADD-S AUC to 0.1 m", metrics.area_under_curve(np.append(add_s, lost)), "fraction", "none"),
    ]
    out += _bop_figures(matched, scaled, T, lost)
    out += _motion_figures(matched, points)
    out += _calibration_figures(matched, e, same, of)
    return out


def surface_points(model: ObjectModel, count: int) -> FloatArray:
    """Points (count, 3) on the surface, spread by area, object frame [m]; the same for the same mesh."""
    corners = model.vertices[model.faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    rng = np.random.default_rng(0)
    chosen = corners[rng.choice(len(corners), count, p=area / area.sum())]
    u, v = np.sqrt(rng.random(count)), rng.random(count)
    weights = np.stack([1 - u, u * (1 - v), u * v], axis=1)
    return np.einsum("nk,nkc->nc", weights, chosen)


def _bop_figures(matched: Matched, scaled: FloatArray, T: FloatArray, lost: FloatArray) -> list[Figure]:
    model, camera = matched.truth.model, matched.truth.camera
    n, of = len(T), len(T) + len(lost)
    mean = partial(Figure, "object", frames=n, of=of, failures="left out")
    share = partial(Figure, "object", alignment="nearest symmetry", frames=of, of=of, failures="count as wrong")
    # The largest distance is that of a corner of the convex hull, as the distance is convex in the point.
    corners = model.vertices[ConvexHull(model.vertices).vertices]
    corners = corners[:: 1 + len(corners) * len(model.symmetries) // _PAIRS]
    mssd = np.array([metrics.mssd(a, b, corners, model.symmetries) for a, b in zip(scaled, T, strict=True)])
    mspd = np.array([metrics.mspd(a, b, corners, model.symmetries, camera) for a, b in zip(scaled, T, strict=True)])
    rendered, with_mask, vsd = _rendered(matched, scaled, T)
    errors = None if vsd is None else [*vsd, *np.full((len(lost), len(metrics.VSD_TAUS)), np.inf)]
    recalls = metrics.average_recall(errors, np.append(mssd, lost), np.append(mspd, lost), model.diameter, camera.width)
    out = [mean("MSSD", _mean(mssd), "m", "nearest symmetry"), mean("MSPD", _mean(mspd), "pixel", "nearest symmetry")]
    if vsd is not None:
        out.append(mean("VSD", _mean(vsd), "fraction", "none"))
    average = _average([key for key in recalls if key != "AR"])
    out += [share(key if key != "AR" else average, value, "fraction") for key, value in recalls.items()]
    if with_mask:
        iou = Figure("object", "mask IoU outside the hand", _mean(rendered), "fraction", "none", with_mask, of)
        out.append(iou)
    return out


def _average(recalls: list[str]) -> str:
    return f"AR, mean of {' and '.join(recalls)}"


def _rendered(matched: Matched, scaled: FloatArray, T: FloatArray) -> tuple[list[float], int, list[FloatArray] | None]:
    """Mask IoU of frames that have a mask, their number, and VSD of all frames, None if one has no depth."""
    truth, model = matched.truth, matched.truth.model.simplified(_FACES)
    index = truth.trajectory.frame_index[matched.object_found]
    ious: list[float] = []
    vsd: list[FloatArray] | None = []
    for frame, a, b in zip(index, scaled, T, strict=True):
        depth, mask = truth.depth(int(frame)), truth.object_mask(int(frame))
        if depth is None:
            vsd = None
        if mask is None and vsd is None:
            continue
        vertices = transform_points(np.stack([a, b]), model.vertices)
        inverse = rasterize(vertices, model.faces, truth.camera)[1]
        estimated, true = np.divide(1, inverse, out=np.zeros(inverse.shape), where=inverse > 0)
        if mask is not None:
            ious.append(metrics.mask_iou(estimated > 0, mask, truth.hand_mask(int(frame))))
        if vsd is not None and depth is not None:
            vsd.append(metrics.vsd(estimated, true, depth, model.diameter, truth.camera))
    return ious, len(ious), vsd or None


def _motion_figures(matched: Matched, points: FloatArray) -> list[Figure]:
    found, of = matched.object_found, int(matched.object_annotated.sum())
    adjacent = _adjacent(matched)
    estimate = transform_points(matched.T_estimated, matched.estimate.object_scale * points[:200])
    true = transform_points(matched.T_true, points[:200])
    mean = partial(Figure, "object", alignment="none", frames=int(found.sum()), of=of, failures="left out")
    ours, own = (metrics.temporal_distance(v, found) if adjacent else float("nan") for v in (estimate, true))
    error = metrics.acceleration_error(estimate, true, matched.frame_rate, found) if adjacent else float("nan")
    scale = matched.estimate.object_scale
    return [
        mean("temporal distance", ours, "m"),
        mean("temporal distance of the truth", own, "m"),
        mean("acceleration error", error, "m/s^2"),
        mean("scale error", abs(scale - 1), "fraction"),
        mean("scale wobble", metrics.scale_wobble(np.full(max(1, int(found.sum())), scale)), "fraction"),
    ]


def _adjacent(matched: Matched) -> bool:
    """Whether the frames of the truth follow one another at one rate, so that differences are motions."""
    return bool((np.diff(matched.truth.trajectory.frame_index) == 1).all()) and len(matched.row) > 1


def _calibration_figures(matched: Matched, e: FloatArray, T: FloatArray, of: int) -> list[Figure]:
    covariance = matched.estimate.object_covariance[matched.row[matched.object_found]]
    usable = np.linalg.eigvalsh(covariance).min(-1) > 0
    if not usable.any():
        return []
    errors, covariance = difference(T, e)[usable], covariance[usable]
    figure = partial(
        Figure, "object", alignment="nearest symmetry", frames=int(usable.sum()), of=of, failures="left out"
    )
    nees = metrics.normalised_squared_error(errors, covariance)
    return [
        figure("NEES over its 6 degrees of freedom (calibrated: 1)", float(nees.mean() / 6), "ratio"),
        *(
            figure(f"coverage of the {p:.0%} ellipsoid", metrics.ellipsoid_coverage(errors, covariance, p), "fraction")
            for p in (0.5, 0.95)
        ),
    ]


def _spread(figure: Callable[..., Figure], name: str, values: FloatArray) -> list[Figure]:
    """Mean, median and 95th percentile over frames."""
    return [
        figure(name, _mean(values)),
        figure(f"{name}, median", float(np.median(values))),
        figure(f"{name}, 95th percentile", float(np.percentile(values, 95))),
    ]


def _mean(values: object) -> float:
    array = np.asarray(values, np.float64)
    finite = array[np.isfinite(array)]
    return float(finite.mean()) if finite.size else float("nan")
