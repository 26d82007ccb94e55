"""Which of the found runs are new to a sweep, and the events that make them trials of it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sweep.importers.found import Found, FoundRun, Refusal, Validation
from sweep.importers.terms import ImportTerms, absolute, default_id, with_parameters
from sweep.ledger.events import (
    Event,
    RunsImported,
    TrialEnded,
    TrialEvent,
    TrialImported,
    TrialPlanned,
    TrialReported,
)
from sweep.ledger.state import SweepState, TrialState
from sweep.plan.arms import arm_name
from sweep.spec.space import canonical, identity

_FIRST_FREE_SEED = 1000
"""Where a sweep trains itself: so that an imported trial takes no seed that it may still use."""


@dataclass(frozen=True, kw_only=True)
class Joined:
    """What an import would change."""

    events: tuple[Event, ...]
    """To be appended to the ledger; none where nothing is new."""
    new: tuple[str, ...]
    """Ids of trials that the sweep does not have yet."""
    changed: tuple[str, ...]
    """Ids of trials that it has, of which more was found, or which are to be compared otherwise."""
    known: tuple[str, ...]
    """Ids of trials that it has already, as they were found."""
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]


def join(state: SweepState, found: Found, terms: ImportTerms, paths: Sequence[str]) -> Joined:
    """Sets the runs beside the trials that the sweep has; changes nothing.

    A run is known by its source and its name there. One that is known and says what it said is left alone, so
    that the same import twice changes nothing; one that goes on gets what is new; one that says another value
    than before is refused.
    """
    work = _Join(state, terms, default_id(paths), _final(state, found), list(found.refusals))
    for run in found.runs:
        work.take(run)
    trials = [*work.new, *work.changed]
    head = RunsImported(
        paths=list(paths),
        trials=trials,
        rungs=sorted({one.iteration for run in found.runs for one in run.validations})
        if found.rungs is None
        else list(found.rungs),
        refused=[refusal_text(one) for one in work.refusals],
    )
    return Joined(
        events=(head, *work.events) if trials else (),
        new=tuple(work.new),
        changed=tuple(work.changed),
        known=tuple(work.known),
        refusals=tuple(work.refusals),
        notes=found.notes,
    )


def refusal_text(refusal: Refusal) -> str:
    """`FILE:LINE: why`."""
    return f"{place(refusal.file, refusal.line)}: {refusal.reason}"


def place(file: str, line: int) -> str:
    """`FILE:LINE`, or the file where it has no lines."""
    return f"{file}:{line}" if line else file


def _final(state: SweepState, found: Found) -> int:
    """The iteration at which a training ends."""
    if state.provenance != "imported":
        return state.rungs[-1]
    iterations = (one.iteration for run in found.runs for one in run.validations)
    return max(state.rungs[-1], *iterations, *(found.rungs or ()))


@dataclass
class _Join:
    """An import in progress."""

    state: SweepState
    terms: ImportTerms
    default_id: str
    final: int
    refusals: list[Refusal]
    events: list[TrialEvent] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        trials = self.state.trials.values()
        imported = [trial for trial in trials if trial.imported is not None]
        self.by_origin = {(one.imported.source, one.imported.run): one for one in imported if one.imported}
        self.by_content = {_content_of(one): one.trial_id for one in imported if len(one.reports) > 1}
        self.first: dict[str, FoundRun] = {}
        """Of this import, by the id that it got."""
        self.seeds: dict[str, set[int]] = {}
        for trial in trials:
            self.seeds.setdefault(identity(trial.planned.parameters), set()).add(trial.planned.seed)

    def take(self, run: FoundRun) -> None:
        """Decides about one run."""
        run = with_parameters(run, self.terms.parameters)
        trial = self.by_origin.get((absolute(run.source), run.name))
        copy = self._copied(run)
        if trial is not None:
            self._take_again(run, trial)
        elif copy is not None:
            self._refuse(run, f"has the same numbers as {copy}: a copy counts once")
        else:
            self._take_new(run)

    def _copied(self, run: FoundRun) -> str | None:
        """The trial that says the same, unless one file names different seeds for both: with values of few
        digits that is chance, and if the seed had no effect the tables must know."""
        trial_id = self.by_content.get(_content(run))
        first = self.first.get(trial_id or "")
        is_of_another_seed = (
            first is not None
            and first.source == run.source
            and None not in (first.seed, run.seed)
            and first.seed != run.seed
        )
        return None if is_of_another_seed else trial_id

    def _take_new(self, run: FoundRun) -> None:
        trial_id = self._next_id(run)
        self.first[trial_id] = run
        if len(run.validations) > 1:
            self.by_content.setdefault(_content(run), trial_id)
        parameters = canonical(run.parameters)
        seed, note = self._seed(run)
        planned = TrialPlanned(
            trial_id=trial_id, arm=arm_name(parameters), parameters=parameters, seed=seed, added=True
        )
        imported = self._imported(trial_id, run, (*run.notes, *note))
        self.events += [planned, imported, *self._reports(trial_id, run.validations)]
        self.events.append(self._ended(trial_id, run.validations[-1].iteration))
        self.new.append(trial_id)

    def _next_id(self, run: FoundRun) -> str:
        """Beside trials of the sweep's own `i000` and so on; else as the source calls it, or `t000`."""
        is_alone = self.state.provenance == "imported"
        known = {*self.state.trials, *self.new}
        if is_alone and run.trial_id and run.trial_id not in known:
            return run.trial_id
        ids = (f"{'t' if is_alone else 'i'}{number:03d}" for number in itertools.count(len(self.new)))
        return next(one for one in ids if one not in known)

    def _take_again(self, run: FoundRun, trial: TrialState) -> None:
        """A run of which the sweep has something."""
        assert trial.imported is not None
        if difference := _difference(run, trial):
            self._refuse(
                run,
                f"is {trial.trial_id} already, {difference}: a measurement does not change. If the file was "
                "mended, import it into another sweep",
            )
            return
        more = [one for one in run.validations if one.iteration not in trial.reports]
        imported = self._imported(trial.trial_id, run, tuple(trial.imported.notes))
        if not more and _terms_of(imported) == _terms_of(trial.imported):
            self.known.append(trial.trial_id)
            return
        self.events += [imported, *self._reports(trial.trial_id, more)]
        last = max([*trial.reports, *(one.iteration for one in more)])
        self.events += [self._ended(trial.trial_id, last)] if more else []
        self.changed.append(trial.trial_id)

    def _imported(self, trial_id: str, run: FoundRun, notes: tuple[str, ...]) -> TrialImported:
        protocol_id, regime_id = self.terms.ids(self.state.created, run, self.default_id)
        return TrialImported(
            trial_id=trial_id,
            source=absolute(run.source),
            run=run.name,
            line=run.line,
            protocol_id=protocol_id,
            regime_id=regime_id,
            distrust=self.terms.distrust,
            notes=list(notes),
        )

    def _seed(self, run: FoundRun) -> tuple[int, tuple[str, ...]]:
        """The run's own if it is free, else the next one of its arm, and a note."""
        taken = self.seeds.setdefault(identity(run.parameters), set())
        is_own = bool(self.state.own_trials) or self.state.provenance != "imported"
        seed = run.seed
        if seed is None or seed in taken or is_own:
            seed = max([_FIRST_FREE_SEED - 1 if is_own else -1, *taken]) + 1
        taken.add(seed)
        return seed, () if run.seed in (None, seed) else (f"its seed was {run.seed}",)

    def _reports(self, trial_id: str, validations: Iterable[Validation]) -> Iterator[TrialReported]:
        for one in validations:
            yield TrialReported(
                trial_id=trial_id,
                iteration=one.iteration,
                metrics=dict(one.metrics),
                mixture={},
                counts={"intersection": [], "prediction": [], "label": []},
                seconds=one.seconds,
                source=place(absolute(one.file), one.line),
            )

    def _ended(self, trial_id: str, iteration: int) -> TrialEnded:
        """No rule stopped it, as far as anybody knows."""
        if iteration >= self.final:
            return TrialEnded(trial_id=trial_id, outcome="finished", reason="", iteration=iteration)
        reason = f"the imported run ends at {iteration}"
        return TrialEnded(trial_id=trial_id, outcome="interrupted", reason=reason, iteration=iteration)

    def _refuse(self, run: FoundRun, reason: str) -> None:
        self.refusals.append(Refusal(file=run.source, line=run.line, reason=f"{run.name} {reason}".strip()))


def _terms_of(imported: TrialImported) -> tuple[str, str, str]:
    return imported.protocol_id, imported.regime_id, imported.distrust


def _difference(run: FoundRun, trial: TrialState) -> str | None:
    """What the run says that it did not say before; None where nothing contradicts."""
    if identity(run.parameters) != identity(trial.planned.parameters):
        return f"an import of {trial.arm}, and is {arm_name(canonical(run.parameters))} now"
    for one in run.validations:
        before = trial.reports.get(one.iteration)
        if before is not None and _rounded(before.metrics) != _rounded(one.metrics):
            was, now = _listed(before.metrics), _listed(one.metrics)
            return f"which had {was} at {one.iteration}, and has {now} now"
    return None


def _content(run: FoundRun) -> str:
    """Equal for two runs that say the same of the same training."""
    rows = {one.iteration: _rounded(one.metrics) for one in run.validations}
    return json.dumps([identity(run.parameters), sorted(rows.items())])


def _content_of(trial: TrialState) -> str:
    rows = {iteration: _rounded(report.metrics) for iteration, report in trial.reports.items()}
    return json.dumps([identity(trial.planned.parameters), sorted(rows.items())])


def _rounded(metrics: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted((name, round(value, 9)) for name, value in metrics.items())


def _listed(metrics: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in sorted(metrics.items()))
