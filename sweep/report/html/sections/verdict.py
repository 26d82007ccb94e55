"""What a reader must know first: three sentences, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from sweep.report.controls import control_verdicts, controls_lines
from sweep.report.headline import headlines
from sweep.report.html.known import Known
from sweep.report.html.templating import render
from sweep.report.moments import duration_words, time_words
from sweep.report.tables import count_words
from sweep.report.verdict import verdict as table_verdict
from sweep.report.verification import unverified_words
from sweep.results import baseline_arms, fairness_of, is_control_trial, metric_of


def verdict(known: Known) -> Markup:
    """The head of the page."""
    found = headlines(known.analysis)
    return render(
        "verdict.html",
        name=known.state.created.name,
        description=known.state.created.spec["description"],
        warnings=list(_warnings(known)),
        headlines=found,
        others=sum(fits.curve is not None for fits in known.analysis.fits) - len(found) if found else 0,
        without=[] if found else [fits.verdict for fits in known.analysis.fits[:1]],
        table=table_verdict(known.newest),
        facts=list(_facts(known)),
    )


def _warnings(known: Known) -> Iterator[str]:
    """What makes all that follows worth less."""
    state = known.state
    yield from filter(None, (state.origin, unverified_words(state)))
    if any(one.outcome != "passes" for one in control_verdicts(state)):
        yield controls_lines(state)[0]


def _facts(known: Known) -> Iterator[tuple[str, str]]:
    state = known.state
    trials = list(state.trials.values())
    arms = len({trial.arm for trial in trials})
    controls = len({trial.arm for trial in trials if is_control_trial(trial)})
    tested = f", {controls} of them controls" if controls else ""
    counts = count_words(trial.status for trial in trials)
    yield "status", _status(known)
    yield "trials", f"{len(trials)} in {arms} arms{tested}" + (f": {counts}" if counts else "")
    yield "baseline", ", ".join(baseline_arms(state)) or "none"
    yield "judged by", f"{metric_of(state)}, in percent"
    if state.provenance == "measured":
        yield "equal for all", fairness_of(state).replace("_", " ").replace("equal ", "")
    if spent := sum(trial.seconds for trial in trials):
        yield "spent", f"{duration_words(spent)} of training and validating"


def _status(known: Known) -> str:
    state = known.state
    ended = state.drivers[-1].ended if state.drivers else None
    if ended:
        return f"{ended.outcome}, {time_words(ended.time)}"
    if state.provenance == "imported":
        return "imported"
    return "not finished" if state.drivers else "not started"
