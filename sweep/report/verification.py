"""Whether the share of real images that was asked for is known to be the one that was trained on."""

from __future__ import annotations

from sweep.ledger.state import SweepState
from sweep.results import consumed_any


def unverified_words(state: SweepState) -> str:
    """That nobody has counted what trials consumed; empty where somebody has, or nothing was trained here."""
    trained = [trial for trial in state.trials.values() if trial.reports and trial.imported is None]
    silent = [trial for trial in trained if not consumed_any(trial.reports[max(trial.reports)].mixture)]
    if state.provenance != "measured" or not silent:
        return ""
    whose = "" if len(silent) == len(trained) else f" of {len(silent)} of {len(trained)} trials"
    return (
        f"real_ratio{whose} is what was asked for and not verified: the trainer does not say which images it "
        "consumed."
    )
