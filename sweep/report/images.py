"""What trials were trained on: counted in the train step, and held against what was asked for."""

from __future__ import annotations

import pandas as pd

from sweep.ledger.state import Provenance, SweepState
from sweep.report.fits import Grid, Section
from sweep.report.verification import unverified_words
from sweep.results import trial_table

TITLE = "Images that were trained on"
_COUNTED = (
    *("real_ratio", "realised_real_ratio", "real_images", "generated_images"),
    *("distinct_real", "distinct_generated", "real_passes", "generated_passes"),
)
_NO_IMAGES: dict[Provenance, str] = {
    "measured": "No trial has reported yet.",
    "imported": "The imported file does not say.",
    "replayed": "None: nothing was trained.",
}


def images_section(state: SweepState) -> Section:
    """A row an arm; a sentence where nothing was counted."""
    trials = trial_table(state)
    trials = trials[trials["realised_real_ratio"].notna()]
    if trials.empty:
        return Section(TITLE, (unverified_words(state) or _NO_IMAGES[state.provenance],))
    said = (
        "Counted in the train step, up to the last report of each trial; several numbers are the least and "
        "the most over the seeds of an arm. Passes: how often each image was seen on average."
    )
    arms = trials.groupby("arm", sort=False)
    rows = tuple((str(arm), *(_range(own[name]) for name in _COUNTED)) for arm, own in arms)
    return Section(TITLE, (said, Grid(("arm", "requested_real_ratio", *_COUNTED[1:]), rows)))


def _range(values: pd.Series[float]) -> str:
    """`0.125`, or `0.125 to 0.13` where they differ."""
    if values.isna().all():
        return "unknown"
    least, most = f"{values.min():.6g}", f"{values.max():.6g}"
    return least if least == most else f"{least} to {most}"
