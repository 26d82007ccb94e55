"""Paused trials go on, where the stopping rule says so, and are given up in the end."""

from __future__ import annotations

from collections.abc import Callable

from sweep.engine.driver import Driver
from sweep.engine.sources import TrialSource, planned_trial
from sweep.ledger.events import TrialPromoted
from sweep.ledger.state import TrialState
from sweep.percent import in_percent
from sweep.plan import PlannedTrial


class PromotingSource:
    """Another source, and after the last of its trials the paused ones that the rule promotes.

    A promoted trial was paid for when it began, so a budget of trials is for the other source to keep.
    """

    def __init__(
        self, source: TrialSource, driver: Driver, has_room: Callable[[int], bool] = lambda _: True
    ) -> None:
        """`has_room`: whether a trial would start beside so many that were handed out and are neither over
        nor paused. Ray asks for one more than there is room for, but what is promoted later rests on more
        evidence."""
        self._source = source
        self._driver = driver
        self._has_room = has_room
        self._handed_out: set[str] = set()
        self._asked_with = -1
        """The amount of evidence with which the rule had nobody to promote."""

    def next_trial(self) -> PlannedTrial | None:
        """The next new trial, else one that is promoted; None while the rule waits, and after the last."""
        trial = self._source.next_trial() or self._promoted()
        if trial is not None:
            self._handed_out.add(trial.trial_id)
        return trial

    @property
    def exhausted(self) -> bool:
        """Whether nothing waits and nothing runs; asked after `next_trial`, so nobody is promoted either."""
        return self._source.exhausted and not self._at_work()

    def _promoted(self) -> PlannedTrial | None:
        evidence, at_work = _amount_of_evidence(self._driver), self._at_work()
        if at_work and (evidence == self._asked_with or not self._has_room(at_work)):
            return None
        promotion = self._driver.trial_judge.promotion(self._driver.board)
        if promotion is None:
            self._asked_with = evidence
            return None
        trial = self._driver.state.trials[promotion.trial_id]
        self._driver.record(
            TrialPromoted(
                trial_id=trial.trial_id,
                rung=max(trial.judged),
                reason=promotion.reason,
                overtakes=promotion.overtakes,
                spared=promotion.spared,
            )
        )
        return planned_trial(trial)

    def _at_work(self) -> int:
        """How many trials that were handed out are neither over nor paused."""
        trials = (self._driver.state.trials[trial_id] for trial_id in self._handed_out)
        return sum(trial.ended is None and not trial.waits for trial in trials)


def give_up_paused(driver: Driver) -> None:
    """Ends the trials that are still paused when nothing else is left to run.

    Not where the sweep was cut short, by the user or by its budget: there they wait for what comes then.
    """
    left = [trial for trial in driver.state.trials.values() if trial.ended is None]
    if driver.interrupted or driver.spent_hours() or not all(trial.waits for trial in left):
        return
    chances = driver.trial_judge.chances(driver.board)
    for trial in left:
        chance = chances.get(trial.trial_id)
        driver.end(trial.trial_id, "stopped", _reason(trial, chance), overtakes=chance)


def _reason(trial: TrialState, chance: float | None) -> str:
    where = f"given up after it was paused at iteration {max(trial.judged)}"
    if chance is None:
        return where
    return f"{where}: it would overtake the leader by the end with a chance of {in_percent(chance)}"


def _amount_of_evidence(driver: Driver) -> int:
    """Grows with every decision and with every trial that ends."""
    return sum(len(trial.judged) + (trial.ended is not None) for trial in driver.state.trials.values())
