"""Fitting one frame: features, mask and flow from a predicted pose to a verdict."""

from __future__ import annotations

import math

import numpy as np

from rhov_core.arrays import FloatArray
from rhov_core.camera import Camera
from rhov_core.cues import FrameCues
from rhov_core.interfaces import ObjectSegmenter
from rhov_core.trajectory import ObjectState
from rhov_optimizer.registration.agreement import Agreement
from rhov_optimizer.registration.contour import ContourTerm
from rhov_optimizer.registration.hand_depth import HandDepth
from rhov_optimizer.registration.mesh import CentredMesh
from rhov_optimizer.registration.points import TUKEY, PointTerm
from rhov_optimizer.registration.solver import ResidualTerm, solve
from rhov_optimizer.registration.surface import SurfaceView
from rhov_optimizer.tracking.config import TrackerConfig
from rhov_optimizer.tracking.fit import FrameFit
from rhov_optimizer.tracking.flow import FlowTracks
from rhov_optimizer.tracking.keyframes import KeyframeStore, Matches
from rhov_optimizer.tracking.observation import REACH, MaskObservation, widened_hand
from rhov_optimizer.tracking.relocalise import relocalise
from rhov_optimizer.tracking.verdict import Evidence, judge

ANNEAL = (4.0, 1.0)
"""Widths of the robust kernels at the first and the last step of a frame, relative to the final ones."""
LED_ANNEAL = (1.5, 1.0)
"""The same where the flow leads to the predicted pose, which is then right to a few pixels: a wider kernel would give
in to a border where something unknown, an arm or another object, hides the object."""
LEAST_LEADING = 30
"""The flow leads by at least this many tracks."""
LEAST_FOLLOWED = 0.5
"""At least this fraction of the flow tracks must agree with a pose that follows from the last one."""
TEXTURE_RATE = 0.1
"""How fast it is learnt whether features are found again: the weight of a frame."""
HOLDING = 0.2
"""A hand that hides less of the object than this is no evidence of its depth."""


class FrameFitter:
    """Turns a predicted pose and the cues of a frame into a fitted pose with a verdict.

    Args:
        mesh: The object.
        camera: Without distortion.
        segmenter: Segments a frame again from a silhouette. None: the masks in the cues are used.
        keyframes: Known features; the tracker adds to them.
        config: Settings.
    """

    def __init__(
        self,
        mesh: CentredMesh,
        camera: Camera,
        segmenter: ObjectSegmenter | None,
        keyframes: KeyframeStore,
        config: TrackerConfig,
    ) -> None:
        self._mesh, self._camera, self._segmenter = mesh, camera, segmenter
        self._keyframes, self._config = keyframes, config
        self._view: SurfaceView | None = None
        self._texture = 1.0
        """How often enough features were found again where they were expected and the flow led, lately."""

    def attempt(
        self, cues: FrameCues, T: FloatArray, flow: FlowTracks | None, *, searched: bool, nearby: bool = False
    ) -> FrameFit:
        """Corrects a predicted pose by features and fits it; finds it by texture alone if that fails."""
        T, matches = self._match(cues, T, flow)
        fit = None
        agreeing = np.count_nonzero(self._feature_term(matches).inliers(T))
        if agreeing >= self._config.least_inliers or not self._expects_features(T, flow):
            fit = self.fit(cues, T, flow, matches, searched=searched, nearby=nearby)
            if fit.state != ObjectState.LOST:
                return fit
        found = relocalise(
            self._keyframes,
            self._camera.K,
            cues.feature_positions,
            cues.feature_descriptors,
            ratio=self._config.feature_ratio,
            least_inliers=self._config.least_inliers,
        )
        if found is None and fit is not None:
            return fit
        if found is not None:
            T, matches = self._match(cues, found, None)
            flow, searched, nearby = None, True, False
        return self.fit(cues, T, flow, matches, searched=searched, nearby=nearby)

    def fit(
        self,
        cues: FrameCues,
        T: FloatArray,
        flow: FlowTracks | None = None,
        matches: Matches | None = None,
        *,
        searched: bool,
        nearby: bool = False,
    ) -> FrameFit:
        """Fits contour, flow and features together and judges the result.

        Args:
            cues: Of the frame.
            T: (4, 4) predicted pose of the centred mesh.
            flow: Tracks from the previous frame, if its pose is known.
            matches: Features found again.
            searched: Whether the prediction does not follow from the previous frame.
            nearby: Whether it was searched only around the last good pose, a short while ago.
        """
        config = self._config
        matches = Matches.join([]) if matches is None else matches
        led = flow is not None and len(flow) >= LEAST_LEADING and self._flow_leads_to(T, flow)
        anneal, predicted = LED_ANNEAL if led else ANNEAL, self.view(T)
        reach = min(REACH, math.ceil(anneal[0] * TUKEY * config.contour_sigma) + 2)  # further away nothing has weight
        observation = MaskObservation.take(cues, predicted, self._segmenter, self._camera, config, led=led, reach=reach)
        features = self._feature_term(matches)
        terms: list[ResidualTerm] = [features]
        if flow is not None:
            terms.append(flow.term)
        if observation is not None:
            terms.append(self._contour_term(observation, predicted))
        solution = solve(terms, T, iterations=config.iterations, anneal=anneal)
        T = solution.T if solution.is_sound else T
        view = SurfaceView.draw(self._mesh, self._camera, T)
        residuals, inlier = features.residuals(T), features.inliers(T)
        found, follows = np.count_nonzero(inlier), not searched and self._flow_leads_to(T, flow)
        self._learn_texture(follows and self._features_known(T, flow), found)
        agreement = None if observation is None or view is None else observation.agreement(view)
        evidence = Evidence(
            sound=solution.is_sound and view is not None,
            searched=searched,
            continuous=nearby or follows,
            carried=follows and flow is not None and len(flow) >= LEAST_LEADING,
            iou=float("nan") if agreement is None else agreement.iou,
            witness_iou=self._witness(cues, view, observation),
            covered=float("nan") if agreement is None else agreement.covered,
            mask_score=cues.mask_score,
            feature_inliers=found,
            features_expected=self._expects_features(T, flow),
            hand_off=self._hand_off(cues, T, observation),
        )
        state, iou = judge(evidence, config), evidence.iou
        return FrameFit(T, solution.information, state, view, iou, residuals, inlier, observation, flow, matches)

    def _contour_term(self, observation: MaskObservation, predicted: SurfaceView | None) -> ContourTerm:
        config = self._config
        return ContourTerm(
            self._mesh,
            self._camera,
            observation.contour,
            sigma=config.contour_sigma,
            weight=config.contour_weight,
            count=config.contour_points,
            interval=config.contour_interval,
            least_sigma=config.contour_least_sigma,
            view=predicted,
        )

    def _learn_texture(self, known: bool, found: int) -> None:
        """Notes whether enough features were found again where they are known and the pose is followed."""
        if known:
            self._texture += TEXTURE_RATE * (float(found >= self._config.least_inliers) - self._texture)

    def view(self, T: FloatArray) -> SurfaceView | None:
        """The object at a pose (4, 4) of the centred mesh, drawn once if the same array is given again."""
        if self._view is None or self._view.T is not T:
            self._view = SurfaceView.draw(self._mesh, self._camera, T)
        return self._view

    def _match(self, cues: FrameCues, T: FloatArray, flow: FlowTracks | None) -> tuple[FloatArray, Matches]:
        config = self._config
        matches = self._keyframes.match(
            T,
            self._camera.K,
            cues.feature_positions,
            cues.feature_descriptors,
            gate=config.feature_gate,
            count=config.keyframes_matched,
        )
        if len(matches) >= config.least_inliers // 2:
            terms = [self._feature_term(matches), *([] if flow is None else [flow.term])]
            solution = solve(terms, T, iterations=8, anneal=ANNEAL)
            T = solution.T if solution.is_sound else T
        return T, matches

    def _feature_term(self, matches: Matches) -> PointTerm:
        config = self._config
        return PointTerm(matches.points, matches.pixels, self._camera.K, config.feature_sigma, config.feature_weight)

    def _witness(self, cues: FrameCues, view: SurfaceView | None, observation: MaskObservation | None) -> float:
        """Overlap with the mask in the cues, which is followed without knowledge of the pose."""
        if cues.object_mask is None or view is None:
            return float("nan")
        hand = widened_hand(cues, self._config.hand_margin) if observation is None else observation.hand
        return Agreement.of(view.drawn, cues.object_mask, hand, x0=view.x0, y0=view.y0).iou

    def _hand_off(self, cues: FrameCues, T: FloatArray, observation: MaskObservation | None) -> float:
        """How far a pose (4, 4) is from the depth of the hand that holds the object, in standard deviations."""
        hand = None if observation is None else HandDepth.of(cues, observation.mask, self._mesh.diameter)
        return 0.0 if hand is None or hand.share < HOLDING else hand.off(T)

    def _expects_features(self, T: FloatArray, flow: FlowTracks | None) -> bool:
        """Whether features must be found again at a pose for it to be believed: known ones, if they can be found."""
        return self._features_known(T, flow) and self._texture >= LEAST_FOLLOWED

    def _features_known(self, T: FloatArray, flow: FlowTracks | None) -> bool:
        """Whether a pose shows a side whose features are known.

        That is so near the views of rich keyframes, and everywhere after a jump; but not where the flow leads from
        a good pose to a side of the object that has not been seen or has no texture.
        """
        enough = 2 * self._config.least_inliers
        view = T[:3, :3] if self._flow_leads_to(T, flow) else None
        return self._keyframes.richest(view) >= enough

    @staticmethod
    def _flow_leads_to(T: FloatArray, flow: FlowTracks | None) -> bool:
        return flow is not None and np.count_nonzero(flow.term.inliers(T)) > LEAST_FOLLOWED * len(flow)
