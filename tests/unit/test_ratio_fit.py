"""The curve over real_ratio: each shape against a formula of its own, then the average of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sweep.curves.ratio import RatioCurve, band, fit_ratio_curve, observations_at
from sweep.curves.ratio.beyond import widened
from sweep.curves.ratio.fit import GRID
from sweep.curves.ratio.shapes import Shape, shapes
from sweep.curves.ratio.smoothers import Design, Smoother, process_smoothers, shape_smoother
from tests.settings import FINAL, FIVE, curve_of, noise_of, prediction, setting_of, simulated

RATIOS = np.array([0.0, 0.1, 0.3, 0.6, 1.0])
COVARIANCE = np.diag([1.0, 0.5, 1.0, 0.25, 1.0])
VALUES = np.array([40.0, 43.0, 44.0, 43.5, 45.0])
FAMILIES = ["flat", "linear", "quadratic", "saturating", "one break", "two breaks", "Gaussian process"]


def smoother_of(family: str) -> tuple[Shape, Smoother]:
    """The last of the family that the values can tell."""
    own = [shape for shape in shapes(0.0, 1.0, len(RATIOS)) if shape.family == family]
    fitted = [(shape, shape_smoother(shape, Design(RATIOS, COVARIANCE, GRID))) for shape in own]
    return [(shape, smoother) for shape, smoother in fitted if smoother is not None][-1]


@pytest.mark.parametrize(("family", "degree"), [("flat", 0), ("linear", 1), ("quadratic", 2)])
def test_polynomials_are_weighted_least_squares(family: str, degree: int) -> None:
    _, smoother = smoother_of(family)
    weights = 1 / np.sqrt(np.diag(COVARIANCE))
    coefficients, covariance = np.polyfit(RATIOS, VALUES, degree, w=weights, cov="unscaled")
    assert smoother.to_curve @ VALUES == pytest.approx(np.polyval(coefficients, GRID))
    powers = np.vander(GRID, degree + 1)
    assert smoother.root @ smoother.root.T == pytest.approx(powers @ covariance @ powers.T, abs=1e-9)
    residual = (VALUES - np.polyval(coefficients, RATIOS)) * weights
    assert np.sum((smoother.residual @ VALUES) ** 2) == pytest.approx(np.sum(residual**2))
    assert (smoother.parameters, smoother.degrees_lost) == (degree + 1, degree + 1)


@pytest.mark.parametrize(("family", "bends"), [("one break", 1), ("two breaks", 2)])
def test_breaks_are_least_squares_on_hinges(family: str, bends: int) -> None:
    shape, smoother = smoother_of(family)
    basis, weights = shape.basis(RATIOS), 1 / np.sqrt(np.diag(COVARIANCE))
    coefficients = np.linalg.lstsq(basis * weights[:, None], VALUES * weights)[0]
    assert smoother.to_curve @ VALUES == pytest.approx(shape.basis(GRID) @ coefficients)
    assert smoother.parameters == shape.coefficients + bends
    slopes = np.diff(smoother.to_curve @ VALUES) / np.diff(GRID)
    assert 1 <= np.sum(np.abs(np.diff(slopes)) > 1e-6) <= 2 * bends  # two where a bend lies between points


def test_correlated_values_are_generalised_least_squares() -> None:
    shape = shapes(0.0, 1.0, 9)[1]
    covariance = COVARIANCE + 0.4
    smoother = shape_smoother(shape, Design(RATIOS, covariance, GRID))
    assert smoother is not None
    basis, precision = shape.basis(RATIOS), np.linalg.inv(covariance)
    coefficients = np.linalg.solve(basis.T @ precision @ basis, basis.T @ precision @ VALUES)
    assert smoother.to_curve @ VALUES == pytest.approx(shape.basis(GRID) @ coefficients)


def test_gaussian_processes_are_kriging_with_an_unknown_mean() -> None:
    """Against the bordered system of ordinary kriging (Cressie 1993, 3.2), which has no matrix in common."""
    grid = np.linspace(0, 1, 7)
    smoother = next(process_smoothers(Design(RATIOS, COVARIANCE, grid)))  # offset 0.02, length 0.5, signal 1
    places, wanted = np.log(RATIOS + 0.02) / 0.5, np.log(grid + 0.02) / 0.5
    kernel = np.exp(-0.5 * (places[:, None] - places) ** 2)
    system = np.block([[kernel + COVARIANCE, np.ones((5, 1))], [np.ones((1, 5)), np.zeros((1, 1))]])
    right = np.vstack([np.exp(-0.5 * (places[:, None] - wanted) ** 2), np.ones((1, 7))])
    solution = np.linalg.solve(system, right)
    assert smoother.to_curve == pytest.approx(solution[:5].T)
    assert (smoother.root**2).sum(axis=1) == pytest.approx(1 - (solution * right).sum(axis=0))


def test_likelihood_of_a_gaussian_process_is_the_restricted_one() -> None:
    """Harville 1974: that of any 4 contrasts of the 5 values, up to a constant."""
    contrasts = np.eye(5)[1:] - np.eye(5)[0]
    expected, found = [], []
    for smoother, signal in zip(
        process_smoothers(Design(RATIOS, COVARIANCE, GRID)), (1, 4, 16, 64, 256), strict=False
    ):
        places = np.log(RATIOS + 0.02) / 0.5
        total = signal * np.exp(-0.5 * (places[:, None] - places) ** 2) + COVARIANCE
        own, values = contrasts @ total @ contrasts.T, contrasts @ VALUES
        expected.append(np.linalg.slogdet(own)[1] + values @ np.linalg.solve(own, values))
        found.append(smoother.log_determinant + np.sum((smoother.innovation @ VALUES) ** 2))
    assert np.diff(found) == pytest.approx(np.diff(expected))


def test_bends_lie_between_values_and_no_shape_has_more_coefficients_than_values() -> None:
    found = shapes(0.25, 0.5, 3)
    assert {shape.family for shape in found} == {"flat", "linear", "quadratic", "saturating", "one break"}
    for shape in found:
        if shape.family == "one break":
            assert np.ptp(shape.basis(np.array([0.25, 0.5]))[:, 2]) > 0
    assert [shape.family for shape in shapes(0.5, 0.5, 1)] == ["flat"]


def test_a_stretch_that_values_leave_loose_makes_no_shape() -> None:
    design = Design(np.array([0.0, 0.5, 1.0]), np.eye(3), GRID)
    kept = [shape_smoother(shape, design) for shape in shapes(0.0, 1.0, 3) if shape.family == "one break"]
    assert None in kept and any(smoother is not None for smoother in kept)
    for smoother in kept:
        assert smoother is None or (smoother.root**2).sum(axis=1).max() <= 3


def test_means_of_arms_are_what_is_fitted() -> None:
    setting = setting_of({0.0: [40, 41, 42], 1.0: [44, 46]})
    noise = noise_of(setting)
    found = observations_at(setting, noise)
    assert found.value.tolist() == [41, 45] and found.range == (0, 1)
    assert found.covariance == pytest.approx(np.diag([noise.sd**2 / 3, noise.sd**2 / 2]))


def test_predictions_are_off_together_and_never_better_than_a_measurement() -> None:
    setting = setting_of({0.0: [40, 41], 1.0: [44, 46]})
    noise = noise_of(setting)
    predictions = {
        "x": prediction("x", 0.25, 42, sd=3, shared=2),
        "y": prediction("y", 0.5, 43, sd=1.5, shared=1.5),
    }
    found = observations_at(setting, noise, predictions)
    assert found.measured.tolist() == [True, True, False, False] and found.range == (0, 1)
    own = noise.sd**2
    assert found.covariance[2:, 2:] == pytest.approx(np.array([[5 + 4, 3], [3, own + 2.25]]))
    assert found.only_measured.value.tolist() == [40.5, 45]


def test_predictions_that_are_off_all_alike_can_be_fitted() -> None:
    setting = setting_of({0.0: [40, 41], 0.5: [43], 1.0: [44, 46]})
    predictions = {f"{r}": prediction(f"{r}", r, 42, sd=1.2, shared=1.2) for r in (0.1, 0.2, 0.3)}
    assert_sound(curve_of(setting, predictions))


def assert_sound(curve: RatioCurve) -> None:
    lower, middle, upper = band(curve)
    assert np.isfinite(curve.draws).all()
    assert (lower <= middle).all() and (middle <= upper).all()
    assert sum(curve.weights.values()) == pytest.approx(1)
    assert min(curve.weights.values()) >= 0


@pytest.mark.parametrize(
    "values",
    [
        {1.0: [44.0]},
        {1.0: [44.0, 45.0]},
        {0.5: [44.0], 1.0: [45.0]},
        {0.5: [44.0, 44.1], 1.0: [45.0, 45.3]},
        {ratio: [44.0] for ratio in FIVE},
        {ratio: [44.0, 44.0] for ratio in FIVE},
        {0.3: [44.0, 45.0], 0.1 + 0.2: [44.5]},
        {0.0: [40.0], 1e-7: [40.0], 1.0: [44.0, 44.1]},
        {r: [44 + r, 44 + r + 1e-6 * (1 + r)] for r in FIVE},
        {r: [1e12 * (1 + r), 1.1e12 * (1 + r)] for r in FIVE},
        {r: [44 + r] for r in FIVE[:-1]} | {1.0: [45.0, 45.2]},
        {k / 29: [44 + k % 3, 44.5 + k % 2] for k in range(30)},
    ],
    ids=[
        "one trial",
        "one arm",
        "two trials",
        "two arms",
        "equal values",
        "equal seeds",
        "equal ratios",
        "nearly equal ratios",
        "tiny noise",
        "huge values",
        "one degree of freedom",
        "thirty arms",
    ],
)
def test_any_values_make_a_sound_curve(values: dict[float, list[float]]) -> None:
    assert_sound(curve_of(setting_of(values)))


def test_arms_of_one_real_ratio_are_values_of_their_own() -> None:
    trials = [
        dataclasses.replace(trial, arm=f"{trial.arm}-{name}", trial_id=f"{trial.trial_id}-{name}")
        for name in ("a", "b")
        for trial in simulated(lambda r: 44 + r, seeds=2).trials
    ]
    curve = curve_of(dataclasses.replace(setting_of({}), trials=tuple(trials)))
    assert len(curve.observations.value) == 10
    assert_sound(curve)


def test_the_curve_goes_through_clear_values() -> None:
    truth = {0.0: 30.0, 0.125: 40.0, 0.25: 43.0, 0.5: 44.0, 1.0: 44.5}
    curve = curve_of(setting_of({ratio: [value - 0.02, value + 0.02] for ratio, value in truth.items()}))
    for ratio, value in truth.items():
        assert curve.at(ratio).mean() == pytest.approx(value, abs=0.1)


def test_a_truth_that_is_a_shape_gets_its_weight() -> None:
    flat = curve_of(setting_of({ratio: [43.5, 44.5] for ratio in FIVE})).weights
    assert max(flat, key=flat.__getitem__) == "flat"
    steep = curve_of(simulated(lambda r: 44 + 20 * r))
    assert steep.weights["flat"] < 1e-3 and steep.weights["linear"] > 0.2
    assert list(steep.weights) == FAMILIES


def test_the_band_covers_the_truth() -> None:
    """A mean over sweeps and places of the inside; the benchmark has more truths and sweeps."""
    random, covered = np.random.default_rng(5), []
    for _ in range(8):
        curve = curve_of(simulated(lambda r: 44 - 5 * np.exp(-r / 0.15), random=random))
        lower, _, upper = band(curve)
        truth = 44 - 5 * np.exp(-curve.grid / 0.15)
        covered.append(np.mean((lower <= truth) & (truth <= upper)))
    assert np.mean(covered) > 0.75


@pytest.mark.parametrize("low", [0.5, 0.125])
def test_beyond_the_values_curves_do_not_explode(low: float) -> None:
    curve = curve_of(setting_of({low: [43.0, 43.1], 1.0: [44.0, 44.5]}))
    middle = np.median(curve.draws, axis=0)
    assert 40 < middle[0] < 46
    lower, upper = np.quantile(curve.draws[:, 0], [0.01, 0.99])
    assert lower > 30 and upper < 55


def test_less_is_known_the_farther_from_the_values() -> None:
    draws = np.random.default_rng(0).normal(44, 0.1, (4000, 1)) * np.ones(len(GRID))
    wide = widened(GRID, draws, 0.25, 0.7)
    inside = (GRID >= 0.25) & (GRID <= 0.7)
    assert np.array_equal(wide[:, inside], draws[:, inside])
    spread = wide.std(axis=0)
    below, above = spread[GRID <= 0.25], spread[GRID >= 0.7]
    assert below[0] > below[len(below) // 2] > below[-1] and above[-1] > above[0]
    # At least 1 point a unit of log(real_ratio + 0.02), as the walk is made.
    assert below[0] == pytest.approx(np.sqrt(np.log(0.27 / 0.02) + 0.01), rel=0.05)


def test_at_reads_between_the_points_of_the_grid() -> None:
    curve = curve_of(setting_of({0.0: [40, 41], 1.0: [44, 45]}))
    assert np.array_equal(curve.at(0.0), curve.draws[:, 0])
    assert np.array_equal(curve.at(1.0), curve.draws[:, -1])
    assert curve.at(0.155) == pytest.approx((curve.at(0.15) + curve.at(0.16)) / 2)


@pytest.mark.parametrize("seeds", [1, 2])
def test_order_of_trials_does_not_matter(seeds: int) -> None:
    setting = simulated(lambda r: 42 + 3 * r**0.5, seeds=seeds)
    curve = curve_of(setting)
    assert np.array_equal(curve.draws, curve_of(setting).draws)
    turned = curve_of(dataclasses.replace(setting, trials=setting.trials[::-1]))
    assert turned.weights == pytest.approx(curve.weights)
    for one, other in zip(band(curve), band(turned), strict=True):
        assert one == pytest.approx(other, abs=0.3 * curve.noise.sd)


@pytest.mark.parametrize("seeds", [1, 2])
def test_the_curve_moves_with_the_values(seeds: int) -> None:
    setting = simulated(lambda r: 42 + 3 * r**0.5, seeds=seeds)
    curve, arms = curve_of(setting), setting.values_at(FINAL)
    doubled = setting_of({float(arm): [2 * v - 7 for v in own.values()] for arm, own in arms.items()})
    noise = dataclasses.replace(curve.noise, sd=2 * curve.noise.sd)
    changed = fit_ratio_curve(observations_at(doubled, noise), noise)
    assert changed.draws == pytest.approx(2 * curve.draws - 7, abs=1e-5)


def test_no_peak_is_claimed_where_no_value_shows_one() -> None:
    values = {0.0: 32.0, 0.05: 34.4, 0.1: 36.7, 0.2: 39.3, 0.5: 43.8, 1.0: 43.9}
    curve = curve_of(setting_of({ratio: [mean - 0.3, mean, mean + 0.3] for ratio, mean in values.items()}))
    assert band(curve)[2].max() < 46
