"""What early stopping saved, risked and showed, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from sweep.ledger.state import SweepState
from sweep.percent import in_percent
from sweep.report.audit import Audit, Evidence, Ran, RanOn, audit
from sweep.report.fits import Block, Bullets, Grid, Section

TITLE = "What early stopping saved and risked"
_UNLIKELY = 0.05


def audit_section(state: SweepState) -> Section:
    """For the page; a single sentence where nothing was stopped."""
    found = audit(state)
    return Section(TITLE, tuple(_blocks(found)) if not found.is_empty else (nothing_words(found),))


def audit_line(state: SweepState) -> str:
    """All of it in a line or two, for a terminal; empty where no trial was judged."""
    found = audit(state)
    if not found.judged:
        return ""
    if found.is_empty:
        return nothing_words(found)
    return " ".join([f"Early stopping {_saved(found)}", *_short(found)])


def nothing_words(found: Audit) -> str:
    """Where there is nothing to audit."""
    if not found.judged:
        return "No trial has been judged, so nothing was saved or risked."
    return "No trial was stopped: nothing was saved, and nothing risked."


def _blocks(found: Audit) -> Iterator[Block]:
    yield Bullets(
        (
            f"It {_saved(found)}",
            *_waiting(found),
            *_risked(found),
            *_spared(found),
            *_continued(found),
            'Whether rungs predicted the end is told above, under "Do rungs predict the end?".',
        )
    )
    if found.spared.trials or found.continued.trials:
        yield _grid(found)


def _short(found: Audit) -> Iterator[str]:
    if found.savings.waiting:
        yield f"{_trials(found.savings.waiting)} {_verb(found.savings.waiting, 'waits', 'wait')}."
    if found.risk.reckoned:
        yield f"Expected number of stopped trials that would have overtaken the leader: {_risk(found)}."
    elif found.risk.unreckoned:
        yield "What that risked was not reckoned."
    if found.spared.ended:
        yield f"{found.spared.above} of {_trials(len(found.spared.ended), 'spared')} ended above the leader."


def _saved(found: Audit) -> str:
    saved = found.savings
    if not saved.trials:
        return "has saved nothing yet."
    hours = saved.gpu_hours if saved.gpu_hours is not None else saved.trial_hours
    unit = "GPU-hours" if saved.gpu_hours is not None else "hours of training"
    spent = "" if hours is None else f" and about {_hours(hours)} {unit}"
    return (
        f"saved {saved.iterations} iterations ({_percent(saved.share)} of all trials to the end){spent} "
        f"by stopping {_trials(saved.trials)}."
    )


def _waiting(found: Audit) -> Iterator[str]:
    if found.promoted:
        yield f"Paused trials went on {found.promoted} time{'s' * (found.promoted != 1)}."
    if count := found.savings.waiting:
        yield (
            f"{_trials(count)} {_verb(count, 'is', 'are')} paused; what that saves is not counted, since "
            f"{_verb(count, 'it', 'they')} may go on."
        )


def _risked(found: Audit) -> Iterator[str]:
    risk = found.risk
    if risk.reckoned:
        whose = "its arm" if found.seeds_together else "it"
        yield (
            f"It risked {_risk(found)} trials: the sum, over {_trials(risk.reckoned, 'stopped')}, of the "
            f"chance that {whose} overtakes the leader by the end, as reckoned when it was stopped (at most "
            f"{in_percent(risk.largest or 0.0)} for one). That is the expected number of trials wrongly "
            "stopped, and no less than the probability of any, if the model of the curves is right."
        )
    if risk.unreckoned:
        also = "a further " if risk.reckoned else ""
        yield (
            f"For {also}{_trials(risk.unreckoned)} no chance to overtake the leader was reckoned when "
            f"{_verb(risk.unreckoned, 'it was', 'they were')} stopped: what that risked is not known."
        )


def _spared(found: Audit) -> Iterator[str]:
    if not found.spared.trials:
        yield (
            "How often stopping is wrong was not measured, since no trial was spared. "
            "early_stopping.spare: 0.1 would spare one in ten."
        )
        return
    yield f"Spared, by lot, from being given up: {_came_out(found.spared)}"
    yield from _calibration(found.spared)


def _continued(found: Audit) -> Iterator[str]:
    if found.continued.trials:
        yield (
            f"Given up, then continued on request: {_counts(found.continued)}. Somebody chose them, so that "
            "nothing follows for the others, nor for the chances that were reckoned."
        )


def _came_out(ran: Evidence) -> str:
    if ran.interval is None:
        return f"{_counts(ran)}."
    low, high = ran.interval
    return (
        f"{_counts(ran)}; of all such {'trials' if len(ran.independent) == len(ran.ended) else 'arms'} "
        f"{_percent(low)} to {_percent(high)} would (95 % interval)."
    )


def _counts(ran: RanOn) -> str:
    total, ended = len(ran.trials), len(ran.ended)
    if not ended:
        return f"{_trials(total)}, of which none has come to the end beside another that was not given up"
    missing = f" ({total - ended} more can't be told yet)" if total > ended else ""
    return f"{ran.above} of {_trials(ended)} ended above the leader{missing}"


def _calibration(ran: Evidence) -> Iterator[str]:
    if ran.expected is None or ran.p_value is None:
        return
    arms = len(ran.independent)
    these = "these" if arms == len(ran.ended) else f"their {arms} arm{'s' * (arms != 1)}"
    verdict = "which does not contradict them"
    if ran.p_value < _UNLIKELY:
        verdict = (
            f"and were they right, {ran.independent_above} or more would with a probability of "
            f"{in_percent(ran.p_value)} alone: they were too low"
        )
    of_these = f"{ran.expected:.2f} of {these}"
    yield f"By the chances reckoned then {of_these} were to end above the leader, {verdict}."


def _grid(found: Audit) -> Grid:
    kinds: dict[str, RanOn] = {"spared": found.spared, "continued": found.continued}
    rows = tuple(_row(kind, one) for kind, ran in kinds.items() for one in ran.trials)
    return Grid(
        ("trial", "ran on because it was", "chance to overtake then", "ended above the leader"), rows, 2
    )


def _row(kind: str, one: Ran) -> tuple[str, ...]:
    chance = "-" if one.overtakes is None else in_percent(one.overtakes)
    outcome = {None: "not known", True: "yes", False: "no"}[one.above]
    return one.trial_id, kind, chance, outcome


def _risk(found: Audit) -> str:
    value = found.risk.expected
    return f"{value:.2f}" if value >= 0.01 or value == 0 else "less than 0.01"


def _trials(count: int, kind: str = "") -> str:
    return f"{count} {kind + ' ' if kind else ''}trial{'s' * (count != 1)}"


def _verb(count: int, one: str, several: str) -> str:
    return one if count == 1 else several


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _hours(hours: float) -> str:
    return f"{hours:.0f}" if hours >= 10 else f"{hours:.2g}"
