"""What a trainable must show, one check a function: it passes with nothing to say, or says how to mend it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sweep.conformance.rehearsals import Rehearsal
from trainables.contract import CHECKPOINT_NAME, RealRatioError, Report, TrialConfig
from trainables.contract.checks import must_be_as_asked, report_faults

Verdict = Literal["passed", "failed", "not verified"]
_PROMPT = 5.0
"""Seconds in which a stopped training must return."""
_GRACE = 30.0
"""Seconds after SIGTERM at which a process is killed."""


@dataclass(frozen=True)
class Outcome:
    """Of one check."""

    check: str
    verdict: Verdict
    told: str
    """What was seen, and how to mend it; empty where it passed."""


def outcome(check: str, faults: Iterator[str]) -> Outcome:
    """Failed where there is any fault."""
    told = "; ".join(faults)
    return Outcome(check, "failed" if told else "passed", told)


def ends(whole: Rehearsal) -> Iterator[str]:
    """It trains to its end and returns."""
    if whole.how != "returned":
        yield f"it {whole.how} {whole.error}".strip() + f". Its last lines:\n{whole.output}"


def reports_where_due(config: TrialConfig, whole: Rehearsal) -> Iterator[str]:
    """A report at exactly the iterations of `config.validate_at` and the last one, rising."""
    due = sorted({*config.validate_at, config.training.iterations})
    reported = [report.iteration for report in whole.reports]
    if reported != due:
        yield f"it reported at {_listed(reported)}; it must validate and report at exactly {_listed(due)}"


def reports_hold_what_they_must(config: TrialConfig, whole: Rehearsal) -> Iterator[str]:
    """Every promised key, in its unit and range."""
    for report in whole.reports:
        for fault in report_faults(config, report):
            yield f"at iteration {report.iteration}: {fault}"


def shows_signs_of_life(whole: Rehearsal) -> Iterator[str]:
    """Between reports, so that a hanging trial can be told from a slow one."""
    if not whole.progress:
        yield "it never called session.progress; call it at every training.log_interval iterations"


def same_seed_same_report(whole: Rehearsal, again: Rehearsal) -> Iterator[str]:
    """Two trainings of one seed begin alike."""
    if not whole.reports or not again.reports:
        yield "there is no first report to compare"
    elif difference := _difference(whole.reports[0], again.reports[0]):
        yield (
            f"two trainings with the same seed differ at their first report: {difference}. Seed everything "
            "from config.seed, and leave no order to chance"
        )


def another_seed_another_report(whole: Rehearsal, other: Rehearsal) -> Iterator[str]:
    """The seed has an effect: else repeated trials measure no noise."""
    if whole.reports and other.reports and not _difference(whole.reports[0], other.reports[0]):
        yield "another seed gives the very same first report: config.seed is not used"


def resumes_as_undisturbed(whole: Rehearsal, stopped: Rehearsal, resumed: Rehearsal) -> Iterator[str]:
    """A training that was stopped and called again reports what an undisturbed one does."""
    if resumed.how != "returned":
        yield f"called again after a stop, it {resumed.how} {resumed.error}".strip()
        return
    later = [report for report in whole.reports if report.iteration > stopped.reports[-1].iteration]
    by_iteration = {report.iteration: report for report in resumed.reports}
    if early := [
        report.iteration for report in resumed.reports if report.iteration < stopped.reports[-1].iteration
    ]:
        at = _listed(early)
        yield f"called again, it began anew and reported at {at}; session.restore() has a checkpoint"
    for report in later:
        if report.iteration not in by_iteration:
            yield f"called again, it never reported at {report.iteration}"
        elif difference := _difference(report, by_iteration[report.iteration]):
            yield (
                f"gone on with, it differs from an undisturbed training at {report.iteration}: {difference}. "
                "The checkpoint must hold weights, optimizer, position in the data and random states"
            )


def keeps_one_checkpoint(stopped: Rehearsal) -> Iterator[str]:
    """What it goes on from is kept before it reports, and is the one file of that name."""
    if len(stopped.checkpoints) < len(stopped.reports):
        yield "it reported with a checkpoint that is not there: write it, and session.keep it, before"
    if not stopped.kept:
        yield "it never called session.keep: no other machine could go on with the trial"
    others = {path.name for path in (*stopped.kept, *stopped.checkpoints)} - {CHECKPOINT_NAME}
    if others:
        yield f"its checkpoint is {_listed(sorted(others))}; it must be session.folder / {CHECKPOINT_NAME!r}"


def obeys_a_stop(stopped: Rehearsal) -> Iterator[str]:
    """What session.report raises ends it, at once and with all that it started."""
    if stopped.how != "stopped":
        yield (
            f"session.report raised to end the trial, and it {stopped.how} {stopped.error}".strip()
            + ": let the exception pass"
        )
    elif stopped.seconds_after_stop > _PROMPT:
        yield f"it took {stopped.seconds_after_stop:.0f} s to end after session.report had raised"
    if stopped.left:
        yield f"it left behind: {', '.join(stopped.left)}. End them in a `finally`"


def obeys_a_signal(terminated: Rehearsal) -> Iterator[str]:
    """SIGTERM ends the process in time, and its children with it."""
    if terminated.seconds_after_signal is None or terminated.seconds_after_signal > _GRACE:
        yield f"SIGTERM did not end it within {_GRACE:.0f} s, after which Ray kills it"
    if terminated.left:
        yield f"after SIGTERM there was left: {', '.join(terminated.left)}"


def trains_at_share(config: TrialConfig, found: Rehearsal) -> Outcome:
    """What was consumed is what was asked for; not verified where it does not count."""
    check = f"real_ratio {config.real_ratio:g} is what is trained on"
    if not found.reports:
        return Outcome(
            check, "failed", f"it {found.how} {found.error}".strip() + f". Its last lines:\n{found.output}"
        )
    mixture = found.reports[0].mixture
    if mixture.real_images + sum(mixture.generated_images.values()) == 0:
        told = (
            "it counts nothing (Mixture.not_counted): reports will call the share of real images not verified"
        )
        return Outcome(check, "not verified", told)
    try:
        must_be_as_asked(config, mixture, found.reports[0].iteration)
    except RealRatioError as error:
        return Outcome(check, "failed", str(error))
    return Outcome(check, "passed", "")


def _difference(left: Report, right: Report) -> str:
    """In what two reports differ but for the time they took; empty where they are equal."""
    names = sorted({*left.metrics, *right.metrics})
    values = {name: (left.metrics.get(name), right.metrics.get(name)) for name in names}
    differing = [f"{name} {a} and {b}" for name, (a, b) in values.items() if not _same(a, b)]
    if left.mixture != right.mixture:
        differing.append("what was consumed")
    return ", ".join(differing)


def _same(left: float | None, right: float | None) -> bool:
    if left is None or right is None:
        return left is right
    return left == right or (math.isnan(left) and math.isnan(right))


def _listed(values: list[int] | list[str]) -> str:
    return ", ".join(map(str, values)) or "none"
