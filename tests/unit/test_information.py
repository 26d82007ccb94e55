"""What a training would tell of where curves end, against the joint model asked before and after."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sweep.curves.prediction.information import information
from sweep.curves.prediction.joint import joint_model
from sweep.curves.prediction.observed import observed
from sweep.curves.prediction.table import Table, bundled_table
from sweep.curves.trials import Setting, TrialCurve

RUNGS = (20, 40, 60, 80, 100)


def one_kernel() -> Table:
    table = bundled_table()
    return Table(table.version, table.sources, table.common, table.kernels[:1], table.errors)


def setting(*reached: int, rungs: tuple[int, ...] = RUNGS) -> Setting:
    trials = (
        TrialCurve(
            f"t{i}", f"arm{i}", i / (len(reached) - 1), 0, {r: 40.0 + i + r / 20 for r in rungs[:count]}
        )
        for i, count in enumerate(reached)
    )
    return Setting("", rungs, tuple(trials), None)


def final_variances(*reached: int, rungs: tuple[int, ...] = RUNGS) -> float:
    """Summed variance of all that has not finished; it does not depend on the values."""
    points = observed(setting(*reached, rungs=rungs))
    model = joint_model(points, one_kernel().kernels, one_kernel().common)
    return float(np.trace(model.finals(np.flatnonzero(~points.finished)).covariance))


@pytest.mark.parametrize("rungs", [RUNGS, (20, 25, 40, 90, 100)])
def test_a_gain_is_the_fall_of_variance_an_iteration_when_the_trial_goes_on(rungs: tuple[int, ...]) -> None:
    found = information(setting(5, 1, 2, rungs=rungs), ["t1", "t2"], table=one_kernel())
    now = final_variances(5, 1, 2, rungs=rungs)
    falls = [
        (now - final_variances(5, count, 2, rungs=rungs)) / (rungs[count - 1] / 100 - 0.2)
        for count in range(2, 6)
    ]
    assert found.gains["t1"] == pytest.approx(max(falls), rel=1e-6)
    assert set(found.gains) == {"t1", "t2"}


def test_the_expected_error_is_that_of_normal_variables_over_all_trials() -> None:
    points = observed(setting(5, 1, 2))
    model = joint_model(points, one_kernel().kernels, one_kernel().common)
    sds = np.sqrt(np.diag(model.finals(np.array([1, 2])).covariance))
    found = information(setting(5, 1, 2), ["t1"], table=one_kernel())
    assert found.expected_error == pytest.approx(math.sqrt(2 / math.pi) * sds.sum() / 3, rel=1e-6)


def test_what_runs_is_counted_as_if_its_next_rung_were_measured() -> None:
    ahead = information(setting(5, 1, 1, 1), ["t1"], running=["t2", "t3"], table=one_kernel())
    measured = information(setting(5, 1, 2, 2), ["t1"], table=one_kernel())
    assert ahead.expected_error == pytest.approx(measured.expected_error, rel=1e-6)
    assert ahead.gains["t1"] == pytest.approx(measured.gains["t1"], rel=1e-6)


def test_many_trials_are_thinned_and_some_candidate_is_left() -> None:
    found = information(setting(5, *[1] * 99), ["t3", "t50"])
    assert found.gains and set(found.gains) <= {"t3", "t50"}
    assert found.expected_error > 0
