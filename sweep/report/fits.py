"""What was fitted to a sweep, as sections of sentences and tables: the same for the page and a terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sweep.analysis import Analysis, Fits
from sweep.curves.crossings import Crossing
from sweep.curves.prediction import Prediction
from sweep.curves.ranks import RankAudit
from sweep.curves.ratio import Estimate, PredictedValue
from sweep.curves.trials import TrialCurve
from sweep.enumeration import enumerated
from sweep.report.answers import Answers, answers, can_answer

_LIKELY = 0.5
_SURE = 0.9
_RATHER_SURE = 0.75


@dataclass(frozen=True)
class Bullets:
    """A list."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A table."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text: int = 1
    """How many columns, from the left, name what the row is of; all others are numbers."""


@dataclass(frozen=True)
class Heading:
    """Of what comes behind it: a setting."""

    text: str


Block = str | Bullets | Grid | Heading
"""A text is a paragraph."""


@dataclass(frozen=True)
class Section:
    """Sentences first, tables behind them."""

    title: str
    blocks: tuple[Block, ...]


def fits_sections(analysis: Analysis) -> tuple[Section, ...]:
    """The curve over real_ratio, predicted final values, crossings, and whether rungs predict the end."""
    final = analysis.fits[0].setting.final if analysis.fits else analysis.rung
    parts = {
        f"The curve over real_ratio at iteration {analysis.rung}": _curves(analysis),
        f"Predicted final values at iteration {final}": _predictions(analysis),
        "Crossings": _crossings(analysis),
        "Do rungs predict the end?": _ranks(analysis),
    }
    return tuple(Section(title, tuple(blocks)) for title, blocks in parts.items())


def verdicts(analysis: Analysis) -> list[str]:
    """A sentence for every setting, which it begins with if there are several."""
    return [
        f"{fits.setting.words}: {fits.verdict}" if fits.setting.words else fits.verdict
        for fits in analysis.fits
    ]


def _by_setting(analysis: Analysis, part: Callable[[Fits], Iterator[Block]]) -> Iterator[Block]:
    for fits in analysis.fits:
        blocks = list(part(fits))
        if fits.setting.words and blocks:
            yield Heading(fits.setting.words)
        yield from blocks


def _curves(analysis: Analysis) -> Iterator[Block]:
    yield from _by_setting(analysis, _curve)
    if any(can_answer(fits) for fits in analysis.fits):
        yield (
            "Between shares that were run, one more training ends between pessimistic and optimistic in 9 of "
            "10 cases; an extrapolation supposes much, and a cliff where no trial ran is not in it. All "
            "these values are predicted, none is measured; runs counts the measured ones that they rest on."
        )


def _curve(fits: Fits) -> Iterator[Block]:
    yield fits.verdict
    found = answers(fits)
    if found is None or fits.curve is None:
        return
    if predicted := int((~fits.curve.observations.measured).sum()):
        yield (
            f"The curve rests on measured values and on {_count(predicted, 'predicted final value')} of "
            "trials that did not come to their end; the test of an effect on measured values alone."
        )
    yield f"Weights of the shapes in the curve: {_weights(fits.curve.weights)}."
    yield _answers_grid(found, float(fits.curve.observations.real_ratio.min()))
    yield _values_grid(found)


def _answers_grid(found: Answers, least_run: float) -> Grid:
    rows = [("best real_ratio", *_ratio_cells(found.best))]
    for loss, smallest in found.smallest.items():
        cells = _ratio_cells(smallest, least_run) if smallest else ("-", "all-real was not run")
        rows.append((f"smallest within {loss:g} of all-real", *cells))
    return Grid(("real_ratio that is asked for", "expected", "90 % interval"), tuple(rows))


def _ratio_cells(found: Estimate, least_run: float = 0.0) -> tuple[str, str]:
    """The least share that was run stands for itself and for all that are smaller."""
    expected, lower, upper = (
        f"≤ {value:.3g}" if 0 < value <= least_run else f"{value:.3g}"
        for value in (found.expected, found.lower, found.upper)
    )
    return expected, f"{lower} to {upper}"


def _values_grid(found: Answers) -> Grid:
    header = ("real_ratio", "runs", "pessimistic", "expected", "optimistic", "is")
    return Grid(header, tuple(_value_row(value, found.runs) for value in found.values))


def _value_row(value: PredictedValue, runs: Mapping[float, int]) -> tuple[str, ...]:
    numbers = (f"{one:.1f}" for one in (value.pessimistic, value.expected, value.optimistic))
    mark = "extrapolation" if value.extrapolated else "predicted"
    return (f"{value.real_ratio:g}", str(runs.get(value.real_ratio, 0)), *numbers, mark)


def _predictions(analysis: Analysis) -> Iterator[Block]:
    if not any(fits.predictions for fits in analysis.fits):
        yield "No trial stands between its first rung and its end: nothing is predicted."
        return
    yield "Predicted, not measured: what trials that did not come to their end would have ended with."
    yield from _by_setting(analysis, _predictions_of)


def _predictions_of(fits: Fits) -> Iterator[Block]:
    trials = [trial for trial in fits.setting.trials if trial.trial_id in fits.predictions]
    if trials:
        rows = tuple(_prediction_row(trial, fits.predictions[trial.trial_id]) for trial in trials)
        header = ("trial", "arm", "seed", "last rung", "value there", "expected", "90 % interval")
        yield Grid(header, rows, text=2)
        yield Bullets(tuple(_calibrations(fits)))


def _prediction_row(trial: TrialCurve, found: Prediction) -> tuple[str, ...]:
    last = max(trial.values)
    seen = (trial.trial_id, trial.arm, str(trial.seed), str(last), f"{trial.values[last]:.2f}")
    return (*seen, f"{found.expected:.1f}", f"{found.lower:.1f} to {found.upper:.1f}")


def _calibrations(fits: Fits) -> Iterator[str]:
    """What the widths of the intervals rest on, trials that share it together."""
    by_words: dict[str, list[str]] = {}
    for trial_id, found in fits.predictions.items():
        by_words.setdefault(found.calibration, []).append(trial_id)
    for words, trial_ids in by_words.items():
        whose = "" if len(by_words) == 1 else f" of {', '.join(trial_ids)}"
        yield f"Width of the intervals{whose}: {words}."


def _crossings(analysis: Analysis) -> Iterator[Block]:
    yield from _by_setting(analysis, _crossings_of)
    if analysis.noise.source == "prior" and any(map(_likely, analysis.fits)):
        yield "The probabilities suppose the prior noise, since no arm has two differing seeds."


def _crossings_of(fits: Fits) -> Iterator[Block]:
    if not fits.crossings:
        yield "No arm can be held against a baseline at two rungs, of which one is the end."
    elif found := _likely(fits):
        yield Bullets(tuple(crossing_sentence(crossing, fits.setting.final) for crossing in found))
    else:
        yield f"No arm is likely to overtake the baseline {fits.setting.baseline}, or to be overtaken by it."


def _likely(fits: Fits) -> list[Crossing]:
    return [crossing for crossing in fits.crossings if crossing.probability >= _LIKELY]


def crossing_sentence(crossing: Crossing, final: int) -> str:
    """`X is ahead of Y at 2050 (P = 0.97) and behind at 10000 (P = 0.90): overtaken near iteration 5400 ...`.

    Below a probability of 0.9 for both together it is no more than likely, below 0.75 no more than a chance.
    """
    chance = crossing.probability
    how = "" if chance >= _SURE else "likely " if chance >= _RATHER_SURE else "perhaps "
    where = ""
    if crossing.iteration is not None:
        place, low, high = map(_rounded, (crossing.iteration.expected, *_ends(crossing.iteration)))
        where = f": overtaken near iteration {place} ({low} to {high})"
    predicted = "; a final value is predicted, not measured" if crossing.rests_on_prediction else ""
    return (
        f"{crossing.leader} is {how}ahead of {crossing.follower} at {crossing.rung} "
        f"(P {_probability(crossing.ahead)}) and behind at {final} (P {_probability(crossing.behind)})"
        f"{where}{predicted}."
    )


def _ranks(analysis: Analysis) -> Iterator[Block]:
    yield from _by_setting(analysis, _ranks_of)
    if any(fits.ranks for fits in analysis.fits):
        yield (
            "Among trials that ended alone, so without those that were stopped. Regret: what the leader at a "
            "rung is behind the best one at the end, in points."
        )


def _ranks_of(fits: Fits) -> Iterator[Block]:
    if not fits.ranks:
        yield "Fewer than three trials with differing values have ended: nothing can be said yet."
        return
    if blind := [str(audit.rung) for audit in fits.ranks if not audit.predicts]:
        yield (
            f"Warning: the order of trials at {enumerated(blind)} is not shown to predict their order at the "
            "end. Trials that are stopped there may be the best ones."
        )
    else:
        yield "At every rung the order of trials tells something of their order at the end."
    header = ("rung", "trials", "Kendall's tau", "90 % interval", "regret")
    yield Grid(header, tuple(map(_rank_row, fits.ranks)))


def _rank_row(audit: RankAudit) -> tuple[str, ...]:
    interval = f"{audit.lower:.2f} to {audit.upper:.2f}"
    return str(audit.rung), str(audit.trials), f"{audit.tau:.2f}", interval, f"{audit.regret:.2f}"


def _weights(weights: Mapping[str, float]) -> str:
    ordered = sorted(weights.items(), key=lambda item: -item[1])
    return ", ".join(f"{family} {weight:.2f}" for family, weight in ordered if weight >= 0.005)


def _ends(found: Estimate) -> tuple[float, float]:
    return found.lower, found.upper


def _rounded(iteration: float) -> str:
    """To two digits: more would pretend."""
    digits = 1 - math.floor(math.log10(max(iteration, 1)))
    return str(int(round(iteration, digits)))


def _probability(value: float) -> str:
    """`= 0.97`, or `> 0.99` where all draws but a few agree."""
    if value >= 0.995:
        return "> 0.99"
    return "< 0.01" if value < 0.005 else f"= {value:.2f}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
