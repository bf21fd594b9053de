import numpy as np
import pytest

from rhov_optimizer.joint.clip_system import ClipSystem


def _random_system(count: int, keyframes: list[int], seed: int = 3) -> tuple[ClipSystem, np.ndarray, np.ndarray]:
    """A system of random residuals and the same normal equations as a dense matrix."""
    rng = np.random.default_rng(seed)
    system = ClipSystem(count, keyframes)
    H, g = np.zeros((6 * count, 6 * count)), np.zeros(6 * count)
    pairs = [(i, i) for i in range(count)] + [(i, i + d) for d in (1, 2) for i in range(count - d)]
    pairs += [(k, i) for k in keyframes for i in range(count) if i != k]
    for i, j in pairs:
        a, b, r = rng.normal(size=(9, 6)), rng.normal(size=(9, 6)), rng.normal(size=9)
        at, to = slice(6 * i, 6 * i + 6), slice(6 * j, 6 * j + 6)
        system.add(i, a.T @ a, a.T @ r)
        H[at, at] += a.T @ a
        g[at] += a.T @ r
        if i != j:
            system.add(j, b.T @ b, b.T @ r)
            system.couple(i, j, a.T @ b)
            H[to, to] += b.T @ b
            g[to] += b.T @ r
            H[at, to] += a.T @ b
            H[to, at] += b.T @ a
    return system, H, g


@pytest.mark.parametrize(
    ("count", "keyframes"), [(1, []), (2, []), (7, []), (8, [0]), (9, [0, 4, 5]), (3, [0, 1, 2]), (2, [1])]
)
def test_step_and_covariance_are_those_of_the_dense_system(count: int, keyframes: list[int]) -> None:
    system, H, g = _random_system(count, keyframes)
    expected = np.linalg.inv(H)
    np.testing.assert_allclose(system.solve(0.0).ravel(), -expected @ g, rtol=1e-6, atol=1e-8)
    blocks = expected.reshape(count, 6, count, 6).transpose(0, 2, 1, 3)
    covariances = system.covariances(damping=0.0)
    np.testing.assert_array_equal(system.covariance(0.0), covariances[0])
    for gap in range(3):
        for i in range(count):
            wanted = blocks[i, i + gap] if i + gap < count else np.zeros((6, 6))
            np.testing.assert_allclose(covariances[gap, i], wanted, rtol=1e-6, atol=1e-9)


def test_including_another_system_adds_its_weighted_equations() -> None:
    (first, H1, g1), (second, H2, g2) = _random_system(6, [2], seed=1), _random_system(6, [2], seed=2)
    first.include(second, 0.3)
    np.testing.assert_allclose(first.solve(0.0).ravel(), -np.linalg.solve(H1 + 0.3 * H2, g1 + 0.3 * g2), rtol=1e-6)
    at = slice(12, 18)
    np.testing.assert_allclose(first.hessians()[2], (H1 + 0.3 * H2)[at, at])


def test_order_of_a_pair_does_not_matter() -> None:
    block = np.arange(36.0).reshape(6, 6) / 100
    steps = []
    for first, second, b in ((0, 1, block), (1, 0, block.T)):
        system = ClipSystem(2)
        for frame in range(2):
            system.add(frame, np.eye(6) * 10, np.ones(6))
        system.couple(first, second, b)
        steps.append(system.solve())
    np.testing.assert_allclose(steps[0], steps[1])


def test_frames_far_apart_need_a_keyframe() -> None:
    with pytest.raises(ValueError, match="keyframe"):
        ClipSystem(9, [4]).couple(0, 3, np.eye(6))
