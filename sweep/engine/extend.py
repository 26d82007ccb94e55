"""Adds to a sweep that was begun: what its ledger says to an extension, and the events that follow."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sweep.engine.budget import Budget
from sweep.engine.driver import Driver
from sweep.errors import SweepError
from sweep.importers import curve_faults
from sweep.ledger import Ledger, SweepState, replay
from sweep.ledger.events import Event
from sweep.plan import PlannedTrial, arm_name, arm_parameters, planned_trials
from sweep.plan.addition import Addition
from sweep.spec import Point, Spec, spec_of_resume
from sweep.spec.extension import AddedArm, LoadedExtension
from sweep.spec.extension_faults import arms_faults
from sweep.spec.keys import Loc
from sweep.spec.space import identity
from sweep.spec.wording import Found, closest
from sweep.storage import SweepFolder

_TO_RUN = ("planned", "running", "interrupted", "paused")


def addition_of(loaded: LoadedExtension, overrides: Sequence[str] = ()) -> Addition:
    """What the extension adds to its sweep as the ledger has it now.

    A trial that is in the plan and still to run is no fault: a `sweep run more.yaml` that was killed can be
    repeated. It is not in what is returned, since any driver of the sweep runs it.

    Args:
        loaded: the extension.
        overrides: `KEY=VALUE` of budget, resources or tracking, as for `sweep resume`.

    Raises:
        SpecError: with all that is wrong with the extension.
        LedgerError: the sweep's ledger is damaged.
    """
    folder = loaded.folder
    state = replay(Ledger(folder.ledger).read())
    spec = spec_of_resume(state.created.spec, overrides, storage=folder.home)
    faults = list(arms_faults(loaded.arms, spec))
    faulty = {one.loc[:2] for one in faults}
    sound = {number: arm for number, arm in loaded.arms.items() if ("trials", number) not in faulty}
    wanted = list(_wanted_trials(sound, spec))
    known = _known_trials(spec, state)
    faults += [
        *_plan_faults(wanted, known, folder, state),
        *_continue_faults(loaded.continued, folder, state),
    ]
    new = [one for one in wanted if one.key not in known]
    trials = _numbered(new, first=len(known))
    if spec.replay is not None:
        faults += curve_faults(spec, trials)
    if faults or loaded.found or loaded.document.found:
        raise loaded.document.error([*loaded.found, *faults])
    return Addition(spec, trials, _stopped(loaded.continued, state))


def extend(driver: Driver, addition: Addition) -> None:
    """Writes the addition down. From here on it is part of the sweep, whatever happens to this driver."""
    driver.plan(addition.trials, added=True)
    for trial_id in addition.continued:
        driver.reopen_stopped(trial_id)


def budget_must_allow(addition: Addition, history: Sequence[Event]) -> None:
    """Nothing.

    Raises:
        SweepError: the sweep's budget is spent, so that nothing of the addition would run.
    """
    state, budget = replay(history), Budget(addition.spec, history)
    refuses = budget.refuses_start if addition.trials else budget.spent
    if (spent := refuses(state, time.time())) and (addition.trials or addition.continued):
        raise SweepError(
            f"{spent}, so nothing would run; give more, such as --set budget.hours=40, or null for no limit"
        )


@dataclass(frozen=True)
class _Wanted:
    """A trial that the extension asks for."""

    loc: Loc
    parameters: Point
    seed: int

    @property
    def key(self) -> tuple[str, int]:
        """Equal for two trials exactly if they are the same training."""
        return identity(self.parameters), self.seed

    @property
    def words(self) -> str:
        return f"{arm_name(self.parameters)} with seed {self.seed}"


def _wanted_trials(arms: Mapping[int, AddedArm], spec: Spec) -> Iterator[_Wanted]:
    for number, arm in arms.items():
        parameters = arm_parameters(spec, arm.point)
        for place, seed in enumerate(arm.seeds or spec.search.seeds):
            loc: Loc = ("trials", number, "seeds", place) if arm.seeds else ("trials", number)
            yield _Wanted(loc, parameters, seed)


def _known_trials(spec: Spec, state: SweepState) -> dict[tuple[str, int], str]:
    """Ids of all trials of the sweep, those that a killed driver did not write down any more included."""
    known = {(identity(one.parameters), one.seed): one.trial_id for one in planned_trials(spec)}
    trials = (trial.planned for trial in state.own_trials.values())
    return known | {(identity(one.parameters), one.seed): one.trial_id for one in trials}


def _plan_faults(
    wanted: Sequence[_Wanted],
    known: Mapping[tuple[str, int], str],
    folder: SweepFolder,
    state: SweepState,
) -> Iterator[Found]:
    seen: set[tuple[str, int]] = set()
    for one in wanted:
        trial = state.trials.get(known.get(one.key, ""))
        if one.key in seen:
            yield Found(one.loc, f"is {one.words}, which stands above already; remove one")
        elif trial is not None and trial.status not in _TO_RUN:
            hint = {
                "stopped": f"to let it go on, list {trial.trial_id} under `continue`",
                "failed": f"`sweep resume {folder.argument} --retry-failed` tries it again",
            }.get(trial.status, "give another seed")
            yield Found(
                one.loc, f"is {one.words}, which {trial.trial_id} was already ({trial.status}); {hint}"
            )
        seen.add(one.key)


def _continue_faults(continued: Mapping[int, str], folder: SweepFolder, state: SweepState) -> Iterator[Found]:
    for number, trial_id in continued.items():
        loc: Loc = ("continue", number)
        if trial_id not in state.trials:
            message = f"is {trial_id!r}, which is no trial of {folder.name!r}. "
            yield Found(loc, message + closest(trial_id, state.trials))
        elif trial_id in [continued[before] for before in continued if before < number]:
            yield Found(loc, f"is {trial_id}, which stands above already; remove one")
        elif reason := _reason_not_to_continue(trial_id, folder, state):
            yield Found(loc, f"is {trial_id}, {reason}")


def _reason_not_to_continue(trial_id: str, folder: SweepFolder, state: SweepState) -> str | None:
    trial = state.trials[trial_id]
    if trial.imported is not None:
        return "which was imported; only trials of the sweep's own can be continued"
    if trial.continued and trial.status in _TO_RUN:
        return None  # by this very file, before the driver was killed
    if trial.status == "failed":
        return f"which failed; `sweep resume {folder.argument} --retry-failed` tries it again"
    if trial.status == "finished":
        return "which finished; only stopped and paused trials can be continued"
    if trial.status in _TO_RUN and not trial.waits:
        return f"which was not stopped; `sweep resume {folder.argument}` goes on with it; remove it"
    if trial.reports and not folder.has_checkpoint(trial_id):
        why = f" ({trial.checkpoint_deleted.reason})" if trial.checkpoint_deleted else ""
        return (
            f"whose checkpoint is gone{why}, so it would begin anew and could not add to what it measured; "
            f"remove it, and add {trial.arm} with another seed under `trials`, which costs a full training"
        )
    return None


def _numbered(wanted: Sequence[_Wanted], first: int) -> tuple[PlannedTrial, ...]:
    return tuple(
        PlannedTrial(f"t{number:03d}", arm_name(one.parameters), dict(one.parameters), one.seed)
        for number, one in enumerate(wanted, start=first)
    )


def _stopped(continued: Mapping[int, str], state: SweepState) -> tuple[str, ...]:
    """Those that have not gone on yet."""
    trials = (state.trials[trial_id] for trial_id in continued.values())
    return tuple(trial.trial_id for trial in trials if trial.status == "stopped" or trial.waits)
