"""The joint temporal optimisation of hand and object (paper section 3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.device import choose_device
from rhov_core.hand import HandModel
from rhov_core.object_estimate import ObjectEstimate
from rhov_core.object_model import ObjectModel
from rhov_core.sdf import SignedDistanceGrid
from rhov_core.trajectory import HandObjectTrajectory
from rhov_optimizer.joint.bridging import bridged_hand, bridged_poses
from rhov_optimizer.joint.config import JointConfig
from rhov_optimizer.joint.contact import fingertip_gaps, signed_distances
from rhov_optimizer.joint.depth import align_depths
from rhov_optimizer.joint.elapsed import elapsed
from rhov_optimizer.joint.first_order import minimise
from rhov_optimizer.joint.hand_track import HandTrack, model_of_side_seen
from rhov_optimizer.joint.holding import wrist_track
from rhov_optimizer.joint.light_hand import light_hand
from rhov_optimizer.joint.object_config import ObjectSolverConfig
from rhov_optimizer.joint.object_gauss_newton import ObjectSolution, solve_object_clip
from rhov_optimizer.joint.report import object_report, residuals_report, size_report, terms_report
from rhov_optimizer.joint.residual_losses import ResidualLosses
from rhov_optimizer.joint.residuals.wrist import WristTrack
from rhov_optimizer.joint.result import assemble
from rhov_optimizer.joint.scale_doubt import ScaleDoubt
from rhov_optimizer.joint.scene import Problem
from rhov_optimizer.joint.size import Sizes, match_sizes
from rhov_optimizer.joint.stages import Cancelled, Progress, Stages
from rhov_optimizer.joint.start import check_clip, seen_frames
from rhov_optimizer.joint.steady_fingers import steadied
from rhov_optimizer.joint.terms.build import TermReport, build_terms
from rhov_optimizer.joint.variables import Variables
from rhov_optimizer.joint.weights import TermWeights
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.track_record import TrackRecord

USUAL_DIAMETER = 0.2
"""What an object of unknown size is taken to measure while it is solved for alone [m]: scales the priors on motion."""


@dataclass(frozen=True)
class JointResult:
    """What the joint optimisation returns."""

    trajectory: HandObjectTrajectory
    """Every frame that was given."""
    report: dict[str, Any]
    """Plain values: `seconds` by stage, `terms` with weight, start and end, `terms_off` with reasons, `notes` for the
    user, and more."""


def optimise_trajectory(
    object_model: ObjectModel,
    camera: Camera,
    records: Sequence[TrackRecord],
    estimates: Sequence[ObjectEstimate],
    hand_model: HandModel,
    *,
    config: JointConfig | None = None,
    weights: TermWeights | None = None,
    object_config: ObjectSolverConfig | None = None,
    progress: Progress = lambda stage, fraction: None,
    cancelled: Cancelled = lambda: False,
) -> JointResult:
    """Improves hand and object over all frames of a clip together.

    First the object alone, by Gauss-Newton over the whole clip. Then (stage one of the paper) hand and object are
    brought to the same scale. Then (stage two) all terms together, by Adam.

    Args:
        object_model: The object. Its size is changed only if it is not metric.
        camera: Its distortion is ignored: records hold pixels of rectified images.
        records: What the tracker left of N frames.
        estimates: The N poses that it found.
        hand_model: That which the hands were estimated with, of either side; see `model_of_side_seen`.
        config: Settings.
        weights: Of the terms.
        object_config: Settings of the first stage.
        progress: Called often.
        cancelled: Asked often; once it returns True, what was reached so far is returned.

    Returns:
        The trajectory and a report. Frames in which the object was lost are bridged and stay marked as lost.

    Raises:
        InputError: If records, estimates, camera and hand model do not belong together.
    """
    check_clip(records, estimates, (camera.width, camera.height))
    run = _Run(
        object_model,
        camera.rectified(),
        records,
        estimates,
        hand_model,
        config or JointConfig(),
        weights or TermWeights(),
        object_config or ObjectSolverConfig(),
        Stages(progress, cancelled),
    )
    return run()


class _Run:
    """One joint optimisation; what the stages share."""

    def __init__(
        self,
        object_model: ObjectModel,
        camera: Camera,
        records: Sequence[TrackRecord],
        estimates: Sequence[ObjectEstimate],
        hand_model: HandModel,
        config: JointConfig,
        weights: TermWeights,
        object_config: ObjectSolverConfig,
        stages: Stages,
    ) -> None:
        self._model, self._camera, self._records, self._estimates = object_model, camera, records, estimates
        self._config, self._weights, self._object_config, self._stages = config, weights, object_config, stages
        self._stamps = elapsed(records)
        self._hand_model = model_of_side_seen(records, hand_model)
        hand = HandTrack.from_records(records, self._hand_model)
        if hand is not None and config.couple_frames:
            hand = bridged_hand(steadied(hand, self._stamps), self._hand_model, self._stamps)
        self._hand = hand
        self._light = None if hand is None else light_hand(self._hand_model, config.hand_faces)
        self._mesh = CentredMesh.from_model(object_model, object_config.max_faces)
        self._distance = SignedDistanceGrid.from_mesh(self._mesh.vertices, self._mesh.faces)
        self._seen = seen_frames(estimates)
        tracked = np.stack([estimate.T_camera_object for estimate in estimates])
        tracked = bridged_poses(estimates, self._seen) if config.couple_frames else tracked
        self._tracked = np.stack([self._mesh.centred(T) for T in tracked])
        self._wrist = self._wrist_track()

    def __call__(self) -> JointResult:
        with self._stages.stage("object"):
            solution = self._solve_object()
        with self._stages.stage("size"):
            sizes = self._match_sizes(solution)
        with self._stages.stage("terms"):
            variables, term_report, steps = self._solve_terms(sizes)
        T, scale = variables.object_poses(), variables.object_scale()
        hand = self._finished_hand(variables.hand_track(), T, scale)
        unit = np.repeat([scale, 1.0], 3)
        doubt = ScaleDoubt.of(self._config.focal_sigma, sizes, object_is_metric=self._model.is_metric)
        covariance = solution.covariance * np.outer(unit, unit) + doubt.covariance(T)
        trajectory = assemble(
            self._camera, self._model.name, self._mesh, self._estimates, T, scale, covariance, self._hand_model, hand
        )
        report = self._report(solution, sizes, variables, term_report, steps)
        return JointResult(trajectory, {**report, "notes": doubt.notes()})

    def _match_sizes(self, solution: ObjectSolution) -> Sizes:
        """Hand and object at one scale, and the hand at the depth where it touches."""
        config = self._config
        if not config.couple_hand_object:
            return Sizes.unchanged(solution.T, self._hand)
        sizes = match_sizes(
            self._distance,
            solution.T,
            self._seen,
            self._light,
            self._hand,
            object_is_metric=self._model.is_metric,
            hand_range=config.hand_size_range,
        )
        if self._light is None or sizes.hand is None or not config.align_depths:
            return sizes
        scene = sizes.T, sizes.object_scale, self._seen, self._stamps if config.couple_frames else None
        return replace(sizes, hand=align_depths(self._distance, *scene, self._light, sizes.hand))

    def _finished_hand(self, hand: HandTrack | None, T: FloatArray, scale: float) -> HandTrack | None:
        """The optimised hand, with the frames that do not show it bridged: with the object where the hand holds it."""
        if hand is None or self._light is None or not self._config.couple_frames:
            return hand
        if not self._config.couple_hand_object:
            return bridged_hand(hand, self._light, self._stamps)
        vertices = self._light.forward_numpy(hand.pose, hand.shape, hand.translation).vertices
        gaps = fingertip_gaps(signed_distances(self._distance, T, scale, vertices), self._light)
        held = gaps.min(1) < self._config.contact_distance
        return bridged_hand(hand, self._light, self._stamps, T, held)

    def _solve_object(self) -> ObjectSolution:
        """The object alone; the tracker's poses where Gauss-Newton is not wanted, impossible or fails."""
        if self._config.object_solver == "gauss_newton" and self._seen.any():
            solution = solve_object_clip(
                self._mesh,
                self._camera,
                self._records,
                self._tracked,
                self._seen,
                self._object_config.in_units(self._unit()),
                self._stages.step,
                metric=self._model.is_metric,
                wrist=self._wrist,
            )
            if np.isfinite(solution.T).all() and np.isfinite(solution.covariance).all():
                return solution
        to_centre = replace(self._mesh, centre=-self._mesh.centre)
        covariance = np.stack(
            [
                to_centre.covariance_in_file_frame(estimate.T_camera_object, estimate.covariance)
                for estimate in self._estimates
            ]
        )
        return ObjectSolution(self._tracked, covariance, 0, float("nan"))

    def _wrist_track(self) -> WristTrack | None:
        """The hand's part in the object's poses; one of unknown size cannot follow a hand of known size yet."""
        config, hand = self._config, self._hand
        coupled = config.couple_frames and config.couple_hand_object and self._model.is_metric
        if not coupled or hand is None or self._light is None:
            return None
        scene = self._tracked, self._seen, self._stamps
        return wrist_track(self._distance, *scene, self._light, hand, config.contact_distance)

    def _unit(self) -> float:
        """What a metre is in the mesh's lengths."""
        return 1.0 if self._model.is_metric else self._mesh.diameter / USUAL_DIAMETER

    def _solve_terms(self, sizes: Sizes) -> tuple[Variables, TermReport, int]:
        """All terms together."""
        config = self._config
        coarse = CentredMesh.from_model(self._model, config.object_faces)
        variables = Variables(coarse, sizes.T, sizes.object_scale, self._light, sizes.hand)
        problem = Problem(
            camera=self._camera,
            records=self._records,
            stamps=self._stamps,
            seen=self._seen,
            mesh=coarse,
            distance=self._distance,
            hand_model=self._light,
            hand=sizes.hand,
            start=variables.scene(slice(0, len(self._records))),
            config=config,
        )
        report = TermReport()
        terms = build_terms(self._weights.terms(), problem, report)
        device = choose_device(config.device)
        variables.to(device)
        groups = variables.groups(
            config,
            move_object=config.object_solver == "adam" and bool(self._seen.any()),
            move_scale=sizes.contact and not self._model.is_metric,
        )
        steps = minimise(
            variables,
            groups,
            terms,
            report,
            iterations=config.iterations,
            part=config.part,
            last_step=config.last_step,
            device=device,
            step_done=self._stages.step,
        )
        return variables, report, steps

    def _report(
        self, solution: ObjectSolution, sizes: Sizes, variables: Variables, terms: TermReport, steps: int
    ) -> dict[str, Any]:
        unscaled = variables.object_poses()
        unscaled[:, :3, 3] /= variables.object_scale()
        with self._stages.stage("report"):
            scene = self._mesh, self._camera, self._records, self._seen
            compared = object_report(*scene, self._tracked, unscaled)
            losses = ResidualLosses(
                *scene, self._object_config.in_units(self._unit()), self._model.is_metric, self._wrist
            )
            residuals = residuals_report(losses, self._tracked, unscaled)
        return {
            "frames": len(self._records),
            "frames_lost": int((~self._seen).sum()),
            "frames_with_hand": 0 if self._hand is None else int(self._hand.valid.sum()),
            "seconds": dict(self._stages.seconds),
            "object": {
                "solver": self._config.object_solver,
                "steps": solution.iterations,
                **compared,
                "residuals": residuals,
            },
            "size": size_report(sizes, variables.object_scale()),
            "terms": terms_report(self._weights, terms),
            "terms_off": dict(terms.off),
            "steps": steps,
            "device": variables.device.type,
            "cancelled": self._stages.cancelled,
        }
