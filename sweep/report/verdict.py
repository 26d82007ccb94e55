"""What the fair comparison shows and what it does not, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from sweep.curves.differences import Difference
from sweep.curves.digits import decimals, fixed
from sweep.curves.noise import CONFIDENCE
from sweep.ledger.state import SweepState
from sweep.report.cells import number
from sweep.report.fits import Bullets, Section
from sweep.report.noise_words import noise_words, power_words
from sweep.report.tables import ArmRow, FairTable, count_words, fair_tables
from trainables.contract.training import FIXED_TOTAL_SET

HOW_TO_READ = (
    "± is the sd over the seeds of an arm. The 95 % intervals hold for all arms of a table at once, so also "
    "for the best one, whichever arm one picks. They rest on the noise within all arms, and compare within "
    "seeds where arms share enough of them. A difference counts as shown only if its interval excludes 0 and "
    "the noise was measured: a prior, taken from other trainings where no arm has two differing seeds, shows "
    "nothing."
)

_USUAL_GAPS = (0.5, 1.0)


def verdict(table: FairTable) -> str:
    """Whether any arm differs from the baseline at this rung, in one or two sentences."""
    if not table.rows:
        return f"No trial has reached iteration {table.rung}: there is nothing to compare there."
    if why_not := _why_no_difference(table):
        return why_not
    if table.noise.source == "prior":
        return " ".join(_verdict_by_prior(table))
    compared = [row for row in table.rows if row.difference]
    shown = [row for row in compared if row.difference and row.difference.is_shown]
    if not shown:
        return f"No difference from the baseline shown at iteration {table.rung}. {_reach(table)}"
    differ = "1 arm differs" if len(shown) == 1 else f"{len(shown)} arms differ"
    rest = len(compared) - len(shown)
    none_else = f" No difference shown for {rest} other{'s' * (rest > 1)}." if rest else ""
    return f"{differ} from the baseline at iteration {table.rung}: {_list(shown)}.{none_else}"


def differences_section(state: SweepState) -> Section:
    """The verdict at every rung, the last one first."""
    return Section("Differences from the baseline", (Bullets(tuple(map(verdict, fair_tables(state)))),))


def notes(table: FairTable) -> list[str]:
    """What else must be known of this table: who is not in it, and what it does not prove."""
    return [
        *_fairness(table),
        *_absent(table),
        *_survivors(table),
        *_uncorrected(table),
        *_noise(table),
        *_ranks(table),
    ]


def _fairness(table: FairTable) -> Iterator[str]:
    """Nothing where all images are drawn from: that is what everybody expects."""
    if table.fairness == FIXED_TOTAL_SET and table.rows:
        yield (
            "Fixed total set: every arm draws from as many different images, real and generated together, as "
            "there are real ones. The share of real images is that of this set."
        )


def _why_no_difference(table: FairTable) -> str | None:
    here = f"at iteration {table.rung}"
    if not table.baselines:
        return f"No arm of this sweep is the baseline, so no differences from it can be given {here}."
    names = " and ".join(table.baselines)
    own = [row for row in table.rows if row.arm in table.baselines]
    if not own:
        return f"The baseline {names} has no value {here}: no differences from it can be given."
    if all(math.isnan(row.judged.mean) for row in own):
        return f"{table.metric} of the baseline {names} is NaN {here}: no differences from it can be given."
    if not any(row.difference for row in table.rows):
        return f"No other arm has a value {here} that can be compared with the baseline {names}."
    return None


def _verdict_by_prior(table: FairTable) -> Iterator[str]:
    if any(row.seeds > 1 for row in table.rows):
        yield (
            f"No difference is shown at iteration {table.rung}: the seeds of an arm have exactly equal "
            "values, as if the seed had no effect, so the noise is unknown."
        )
    else:
        yield f"No difference is shown at iteration {table.rung}: every arm has one seed."
    yield f"Nothing below {_about(_widest(table))} can be told apart (prior noise)."
    beyond = [row for row in table.rows if row.difference and _excludes_zero(row.difference)]
    if beyond:
        yield f"Beyond that, if such noise holds here: {_list(beyond)}."


def _list(rows: Sequence[ArmRow]) -> str:
    return ", ".join(
        f"{row.arm} by {_difference(row.difference)}" + " (survivors only)" * (row.lost_to_stopping > 0)
        for row in rows
        if row.difference
    )


def _reach(table: FairTable) -> str:
    reach = max(_reaches(row.difference) for row in table.rows if row.difference)
    return f"Differences of up to about {_about(reach)} can hide in the noise here."


def _reaches(found: Difference) -> float:
    """The end of the interval that is further from 0."""
    return abs(found.value) + found.simultaneous_margin


def _difference(found: Difference) -> str:
    """With the digits that its interval allows."""
    return fixed(found.value, decimals(found.simultaneous_margin), signed=True)


def _about(margin: float) -> str:
    """Half the width of an interval, with the digits that one is worth."""
    return fixed(margin, decimals(margin))


def _widest(table: FairTable) -> float:
    """Half the width of the widest interval."""
    return max(row.difference.simultaneous_margin for row in table.rows if row.difference)


def _excludes_zero(difference: Difference) -> bool:
    return abs(difference.value) > difference.simultaneous_margin


def _absent(table: FairTable) -> Iterator[str]:
    if table.absent:
        trials = "1 trial" if table.trials == 1 else f"{table.trials} trials"
        yield f"{len(table.absent)} of {trials} did not reach this rung: {count_words(table.absent)}."


def _survivors(table: FairTable) -> Iterator[str]:
    names = [row.arm for row in table.rows if row.lost_to_stopping]
    if names:
        yield (
            f"Survivors only: seeds of {', '.join(names)} were stopped or paused before this rung, so that "
            "means are flattering and spreads too small."
        )


def _uncorrected(table: FairTable) -> Iterator[str]:
    found = [row for row in table.rows if row.difference and not row.difference.is_shown]
    alone = [row for row in found if row.difference and row.difference.p_value < 1 - CONFIDENCE]
    if alone and table.noise.source == "measured":
        yield (
            f"Looked at alone, the difference would be shown for {_list(alone)}, but among several arms that "
            "may be chance."
        )


def _noise(table: FairTable) -> Iterator[str]:
    if not table.rows:
        return
    yield from noise_words(table.noise)
    if table.differences.paired:
        yield (
            f"Differences are taken within seeds, where the sd is {number(table.differences.sd)} with "
            f"{table.differences.degrees_of_freedom:.0f} degrees of freedom."
            + " Arms lack seeds, so they are not simply the differences of the means."
            * _lacks_seeds(table)
        )
    seeds = [row.seeds for row in table.rows if row.difference or row.is_baseline]
    if len(seeds) > 1:
        yield power_words(table.differences.sd, max(seeds), _gaps(table))


def _lacks_seeds(table: FairTable) -> bool:
    return len({frozenset(row.values) for row in table.rows}) > 1


def _gaps(table: FairTable) -> dict[float, str]:
    """Gaps between two arms that one may want to tell apart, with what is to be said of them."""
    gaps = dict.fromkeys(_USUAL_GAPS, "")
    unshown = [row for row in table.rows if row.difference and not row.difference.is_shown]
    if unshown:
        largest = max(unshown, key=lambda row: abs(row.difference.value) if row.difference else 0.0)
        assert largest.difference is not None
        gap = round(abs(largest.difference.value), 2)
        if gap > 0:
            gaps[gap] = f"{largest.arm}, the largest not shown"
    return gaps


def _ranks(table: FairTable) -> Iterator[str]:
    if len(table.rows) > 1:
        most = max(row.seeds for row in table.rows)
        seeds = "one seed" if most == 1 else f"at most {most} seeds"
        yield f"Ranks go by the mean of {seeds} and prove nothing by themselves."
