"""The best trial was stopped, and nobody could say why.

Early stopping saves most of the GPU bill, and decides on a fifth of the evidence. These are failures of
stock schedulers, of those who used them, and of the state that they keep.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path

from optuna.trial import TrialState
from ray.tune.schedulers import ASHAScheduler, TrialScheduler

from sweep.engine.messages import Started
from sweep.ledger import Ledger
from tests.benchmarks.stopping_peers import _NobodyWaits, _RayTrial
from tests.rungs import played
from tests.unit.test_driver import make_driver, report, trial_of
from tests.unit.test_optuna_source import optuna_driver, told_arm
from tests.unit.test_rules import judge_of

THREE_RUNS = {"1.0": (33.61, 44.66), "0.5": (34.45, 44.02), "0.125": (34.60, 42.5)}
"""mIoU at 2050 and 10000; the last value was a guess, "42-43?"."""


class StockAsha:
    """Ray Tune's own scheduler, called as Ray calls it."""

    def __init__(self) -> None:
        self.scheduler = ASHAScheduler(
            time_attr="iteration",
            metric="val_miou",
            mode="max",
            max_t=10000,
            grace_period=2050,
            reduction_factor=3,
        )
        self.trials: dict[str, _RayTrial] = {}

    def goes_on(self, trial_id: str, value: float, iteration: int = 2050) -> bool:
        if trial_id not in self.trials:
            self.trials[trial_id] = _RayTrial(trial_id)
            self.scheduler.on_trial_add(_NobodyWaits(), self.trials[trial_id])  # type: ignore[arg-type]
        result = {"iteration": iteration, "val_miou": value}
        action = self.scheduler.on_trial_result(_NobodyWaits(), self.trials[trial_id], result)  # type: ignore[arg-type]
        return action == TrialScheduler.CONTINUE


def test_a_baseline_that_most_orders_of_arrival_stop() -> None:
    """The baseline, stopped in four of six orders of arrival.

    What happened: Three runs, of which the all-real baseline was last at 2050 and first at 10000. Ray's
    ASHA with its usual factor of 3 and a grace of 20 % stops it wherever it is not the first of the three
    to arrive.

    How it looked: Whether there was a baseline to compare with depended on which GPU was free first.

    What we do: The baseline is protected by name, whatever its score. Every rule is tested with this
    table in all six orders, also with the baseline's protection taken away: a gap within the noise stops
    nobody.
    """
    survived = 0
    for order in itertools.permutations(THREE_RUNS):
        asha = StockAsha()
        survived += [asha.goes_on(arm, THREE_RUNS[arm][0]) for arm in order][order.index("1.0")]
    assert survived == 2, "the trap: of 6 orders"
    for name, order in itertools.product(("asha", "guarded", "median"), itertools.permutations(THREE_RUNS)):
        judge = judge_of(name, noise_sd=0.63, min_peers=1)
        state = played(judge, {arm: THREE_RUNS[arm] for arm in order}, rungs=(2050, 10000), baseline=["1.0"])
        assert state.trials["1.0"].status == "finished"


def test_the_first_to_arrive_that_nobody_judges(tmp_path: Path) -> None:
    """The first to arrive, whom nobody ever judges.

    What happened: An asynchronous rule judges a trial by those that reached the rung before. The first
    one there has nobody to be held against, and is never looked at again, however bad it turns out to be.

    How it looked: A run that diverged uses its whole budget, because it had started first.

    What we do: A decision needs peers, and one that lacks them is recorded as such, with a reason: `sweep
    explain` prints it. The trial is judged at the next rung like any other. Trials start in a shuffled
    order, so that who comes first is chance and not the order of the grid.
    """
    asha = StockAsha()
    assert [asha.goes_on("worst", 3.0), asha.goes_on("good", 40.0), asha.goes_on("better", 41.0)] == [
        True
    ] * 3
    driver = make_driver(tmp_path)
    worst, good = trial_of(driver, 0.0), trial_of(driver, 1.0)
    driver.handle(worst, report(4, 3.0))
    judged = driver.state.trials[worst].judged[4]
    assert (judged.decision, judged.peers) == ("continue", {})
    assert "other" in judged.reason
    driver.handle(good, report(4, 40.0))
    driver.handle(good, report(8, 41.0))
    assert not driver.handle(worst, report(8, 4.0)), "stopped at the next rung"


def test_nan_that_passes_every_rule(tmp_path: Path) -> None:
    """NaN, which passes every comparison.

    What happened: A diverged trial reported NaN. Comparisons with NaN are false, so that "stop if below"
    never held.

    How it looked: The worst trial of a sweep is one of those that finish.

    What we do: NaN counts as worst, in rules, ranks and tables, and a loss that is no number ends the
    trial with the names of the images in its batch.
    """
    asha = StockAsha()
    values = {"a": 40.0, "b": 41.0, "c": 42.0, "diverged": math.nan}
    assert [asha.goes_on(name, value) for name, value in values.items()][-1], "the trap"
    driver = make_driver(tmp_path)
    driver.handle(trial_of(driver, 1.0), report(4, 40.0))
    assert not driver.handle(trial_of(driver, 0.0), report(4, math.nan))


def test_a_stopped_trial_that_the_search_takes_for_a_finished_one(tmp_path: Path) -> None:
    """A stopped trial that the search takes for a finished one.

    What happened: Ray's OptunaSearch tells Optuna that a stopped trial is COMPLETE, with the value that
    it had when it was stopped.

    How it looked: Trials that were stopped at 20 % of the budget look many points worse than they would
    have become, and the search avoids their neighbourhood: a bias that nobody chose.

    What we do: A stopped arm is PRUNED, with its values by iteration; only an arm of which all seeds were
    trained to the end is COMPLETE, with their mean there.
    """
    driver = optuna_driver(tmp_path)
    for name in ("t000", "t001"):
        driver.handle(name, Started("host", 7))
        driver.handle(name, report(4, 30.0))
        driver.end(name, "stopped", "behind")
    arm = driver.state.trials["t000"].planned.arm
    assert told_arm(driver, arm) == (TrialState.PRUNED, None, {4: 30.0})


def test_a_scheduler_that_forgets_all_when_it_is_restored(tmp_path: Path) -> None:
    """A scheduler that comes back empty.

    What happened: After a restore, Ray Tune's ASHA has empty rungs: nothing of what trials had reported
    before is known to it. Trials that had ended were run again.

    How it looked: The sweep goes on. Whatever arrives first after the restart passes, as if the sweep had
    just begun.

    What we do: Every decision rests on the ledger alone. A driver that takes over after kill -9 judges as
    the one before would have, and a test kills it at every event to show that.
    """
    assert StockAsha().goes_on("third", 10.0), "the trap: a new scheduler knows nobody"
    first = make_driver(tmp_path)
    first.handle(trial_of(first, 1.0), report(4, 40.0))
    second = make_driver(tmp_path)
    assert not second.handle(trial_of(second, 0.0), report(4, 10.0))
    assert list(Ledger(second.folder.ledger).read())
