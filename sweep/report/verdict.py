"""What the fair comparison shows and what it does not, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from sweep.report.cells import number, signed
from sweep.report.tables import ArmRow, FairTable, count_words

HOW_TO_READ = (
    "± is the sd over the seeds of an arm. An interval is Student's t with the sd pooled within all arms at "
    "that iteration, and is not corrected for the number of arms. Comparing many arms makes a false find "
    "likelier, so a difference counts as shown only if p < 0.05 after Holm's correction for all arms "
    "compared."
)


def verdict(table: FairTable) -> str:
    """Whether any arm differs from the baseline at this rung, in one or two sentences."""
    if not table.rows:
        return f"No trial has reached iteration {table.rung}: there is nothing to compare there."
    if why_not := _why_no_difference(table):
        return why_not
    if table.noise is None:
        return _verdict_without_noise(table)
    compared = [row for row in table.rows if row.difference]
    shown = [row for row in compared if row.difference and row.difference.is_shown]
    if not shown:
        return f"No difference from the baseline shown at iteration {table.rung}. {_reach(table)}"
    differ = "1 arm differs" if len(shown) == 1 else f"{len(shown)} arms differ"
    rest = len(compared) - len(shown)
    none_else = f" No difference shown for {rest} other{'s' * (rest > 1)}." if rest else ""
    return f"{differ} from the baseline at iteration {table.rung}: {_list(shown)}.{none_else}"


def notes(table: FairTable) -> list[str]:
    """What else must be known of this table: who is not in it, and what it does not prove."""
    return [*_absent(table), *_survivors(table), *_uncorrected(table), *_noise(table), *_ranks(table)]


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


def _verdict_without_noise(table: FairTable) -> str:
    expected = _expected_by_chance(table.noise_sd)
    if any(row.seeds > 1 for row in table.rows):
        return (
            f"Nothing can be told apart at iteration {table.rung}: the seeds of an arm have exactly equal "
            f"values, as if the seed had no effect, so the noise is unknown.{expected}"
        )
    return f"Nothing can be told apart at iteration {table.rung} with one seed an arm.{expected}"


def _expected_by_chance(noise_sd: float) -> str:
    """How far the spec's own supposition reaches; empty where it supposes nothing."""
    if noise_sd == 0:
        return ""
    return (
        f" If runs differ by the noise_sd of {number(noise_sd)} that the spec supposes, two equal arms "
        f"differ by up to {number(1.96 * math.sqrt(2) * noise_sd)} in 19 of 20 cases."
    )


def _list(rows: Sequence[ArmRow]) -> str:
    return ", ".join(
        f"{row.arm} by {signed(row.difference.value)}" + " (survivors only)" * (row.lost_to_stopping > 0)
        for row in rows
        if row.difference
    )


def _reach(table: FairTable) -> str:
    margins = [row.difference.margin for row in table.rows if row.difference and row.difference.margin]
    return f"Differences of up to about {number(max(margins))} can hide in the noise here."


def _absent(table: FairTable) -> Iterator[str]:
    if table.absent:
        trials = "1 trial" if table.trials == 1 else f"{table.trials} trials"
        yield f"{len(table.absent)} of {trials} did not reach this rung: {count_words(table.absent)}."


def _survivors(table: FairTable) -> Iterator[str]:
    names = [row.arm for row in table.rows if row.lost_to_stopping]
    if names:
        yield (
            f"Survivors only: seeds of {', '.join(names)} were stopped before this rung, so that means are "
            "flattering and spreads too small."
        )


def _uncorrected(table: FairTable) -> Iterator[str]:
    found = [row for row in table.rows if row.difference and row.difference.excludes_zero]
    unconfirmed = [row for row in found if row.difference and not row.difference.is_shown]
    if unconfirmed:
        yield (
            f"The interval excludes 0 for {_list(unconfirmed)}, but among several arms that may be chance: "
            "Holm's correction does not confirm it."
        )


def _noise(table: FairTable) -> Iterator[str]:
    if table.noise is not None:
        freedom = table.noise.degrees_of_freedom
        degrees = "1 degree" if freedom == 1 else f"{freedom} degrees"
        yield f"The sd pooled within arms is {number(table.noise.sd)} here, with {degrees} of freedom."


def _ranks(table: FairTable) -> Iterator[str]:
    if len(table.rows) > 1:
        most = max(row.seeds for row in table.rows)
        seeds = "one seed" if most == 1 else f"at most {most} seeds"
        yield f"Ranks go by the mean of {seeds} and prove nothing by themselves."
