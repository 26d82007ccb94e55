"""The answers of fits in MLflow: few, named apart from what is measured, the same however often written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from sweep.analysis import analyse
from sweep.ledger import Ledger, SweepState, replay
from sweep.results import METRICS
from sweep.storage import SweepFolder
from sweep.tracking import TrackingTarget
from sweep.tracking.answers import fit_metrics, fit_tags
from sweep.tracking.writer import sync
from tests.builders import plain_curve, sweep_events, sweep_state

RATIOS = (1.0, 0.5, 0.0)
SETTINGS = [1.0, *({"real_ratio": r, "data.strategy": s} for r in (0.5, 0.0) for s in ("a, b", "day"))]


def write(target: TrackingTarget, folder: SweepFolder, times: int = 1, **changes: Any) -> SweepState:
    """Puts a sweep and its report into MLflow, anew."""
    folder.ledger.parent.mkdir(parents=True, exist_ok=True)
    folder.ledger.unlink(missing_ok=True)
    ledger = Ledger(folder.ledger)
    for event in sweep_events(**{"arms": RATIOS, **changes}):
        ledger.append(event)
    folder.report.mkdir(exist_ok=True)
    (folder.report / "report.md").write_text("# Report\n")
    for _ in range(times):
        sync(folder, target)
    return replay(ledger.read())


def louder(parameters: Mapping[str, Any], seed: int, iteration: int) -> float:
    return plain_curve(parameters, seed, iteration) + 2 * seed * parameters["real_ratio"]


def parent(target: TrackingTarget) -> tuple[MlflowClient, Run]:
    client = MlflowClient(target.uri)
    experiment = client.get_experiment_by_name(target.experiment)
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id], "tags.`segsweep.kind` = 'sweep'")
    (run,) = found
    return client, run


@pytest.fixture
def folder(tmp_path: Any) -> SweepFolder:
    return SweepFolder(tmp_path, "fake")


def test_the_sweeps_run_has_the_answers_and_the_verdict(target: TrackingTarget, folder: SweepFolder) -> None:
    state = write(target, folder, times=2)
    client, run = parent(target)
    analysis = analyse(state)
    wanted = fit_metrics(analysis)
    assert {name: value for name, value in run.data.metrics.items() if name.startswith("fit/")} == wanted
    assert run.data.tags["segsweep.verdict"] == analysis.fits[0].verdict
    assert run.data.tags["segsweep.noise_source"] == "measured"
    for name in wanted:
        assert [point.step for point in client.get_metric_history(run.info.run_id, name)] == [300], "once"


def test_answers_that_changed_are_written_over_the_old_ones(
    target: TrackingTarget, folder: SweepFolder
) -> None:
    old = fit_metrics(analyse(write(target, folder)))
    new = fit_metrics(analyse(write(target, folder, curve=louder)))
    assert old["fit/noise_sd"] != new["fit/noise_sd"]
    assert parent(target)[1].data.metrics["fit/noise_sd"] == new["fit/noise_sd"]


def test_no_answer_bears_the_name_of_what_is_measured() -> None:
    stopped = {("real_ratio=0.0", 0): 60}
    for changes in ({"arms": RATIOS, "stopped": stopped}, {"arms": SETTINGS}, {"arms": []}):
        state = sweep_state(**changes)
        found = fit_metrics(analyse(state))
        assert all(name.startswith("fit/") and not set(name.split("/")) & set(METRICS) for name in found)
        predicted = {one.expected for one in analyse(state).predictions.values()}
        assert not predicted & set(found.values())
        assert all(map(math.isfinite, found.values()))


def test_several_settings_have_names_of_their_own_that_mlflow_allows(
    target: TrackingTarget, folder: SweepFolder
) -> None:
    state = write(target, folder, arms=SETTINGS)
    found = parent(target)[1].data.metrics
    assert (
        found["fit/strategy_day/best_real_ratio"]
        == fit_metrics(analyse(state))["fit/strategy_day/best_real_ratio"]
    )
    assert "fit/strategy_a_b/effect_p_value" in found


@pytest.mark.parametrize(
    ("arms", "names"),
    [([], {"fit/noise_sd"}), ([1.0], {"fit/noise_sd"}), ([0.5, 0.0], {"fit/largest_effect"})],
)
def test_what_cannot_be_told_is_left_out(arms: list[float], names: set[str]) -> None:
    found = fit_metrics(analyse(sweep_state(arms=arms, seeds=[0])))
    assert names <= set(found)
    assert "fit/smallest_real_ratio_within_1" not in found


def test_a_verdict_without_seeds_names_its_prior() -> None:
    state = sweep_state(arms=RATIOS, seeds=[0])
    tags: Mapping[str, str] = fit_tags(state, analyse(state))
    assert tags["segsweep.noise_source"] == "prior" and "prior" in tags["segsweep.verdict"]


def test_the_sweeps_run_opens_with_the_verdict_and_the_newest_comparison(
    target: TrackingTarget, folder: SweepFolder
) -> None:
    write(target, folder, curve=louder)
    _, run = parent(target)
    note = run.data.tags["mlflow.note.content"]
    first, *_ = note.split("\n\n")
    assert first == f"**{run.data.tags['segsweep.verdict']}**"
    assert "Compared at iteration" in note
    assert note.count("\n| ") == 2 + len(RATIOS)  # a heading and a rule
    assert len(note) <= 5000


def test_a_trial_that_did_not_run_to_its_end_says_why_on_top(
    target: TrackingTarget, folder: SweepFolder
) -> None:
    state = write(target, folder, stopped={("real_ratio=0.5", 0): 60}, failed={("real_ratio=0.0", 0): 90})
    client, run = parent(target)
    runs = client.search_runs([run.info.experiment_id], "tags.`segsweep.kind` = 'trial'")
    notes = {one.data.tags["segsweep.trial_id"]: one.data.tags.get("mlflow.note.content") for one in runs}
    last = state.rungs[-1]
    for trial in state.trials.values():
        note = notes[trial.trial_id]
        if trial.status == "finished":
            assert note is None
        else:
            assert note is not None
            assert note.startswith(
                f"**{trial.status.capitalize()} at iteration {trial.iteration} of {last}**: "
            )
