"""The first line of a sweep that trains nothing itself: as much of a spec as old runs tell."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sweep.importers.found import Found, FoundRun
from sweep.importers.terms import ImportTerms, default_id
from sweep.ledger import FORMAT
from sweep.ledger.events import SweepCreated
from sweep.ledger.state import IMPORTED
from sweep.spec import BudgetConfig, EarlyStoppingConfig, ResourcesConfig, TrackingConfig
from sweep.spec.space import REAL_RATIO


def fresh_sweep(
    name: str,
    found: Found,
    terms: ImportTerms,
    paths: Sequence[str],
    metric: str = "val_miou",
    final: int | None = None,
) -> SweepCreated:
    """A sweep for these runs: their length, their rungs, their baseline, their ids.

    `final` is the last iteration of a training, where the runs do not tell it. Where runs are of several
    protocols or regimes, the sweep takes the baseline's, and of those the most frequent.
    """
    runs = found.runs
    final = final or _final(found)
    return SweepCreated(
        time=time.time(),
        sweep_id=uuid.uuid4().hex,
        name=name,
        format=FORMAT,
        spec=_spec(name, found, final, metric),
        spec_text="",
        protocol_id=_usual(runs, terms.protocol_id, "protocol_id") or default_id(paths),
        regime_id=_usual(runs, terms.regime_id, "regime_id") or default_id(paths),
        versions={},
        git_revision=None,
    )


def _usual(runs: Sequence[FoundRun], given: str, attribute: str) -> str:
    baseline = _baseline(runs)
    own = [run for run in runs if _fits(run.parameters, baseline)] or runs
    return given or Counter(getattr(run, attribute) for run in own).most_common(1)[0][0]


def _final(found: Found) -> int:
    """The iteration at which a training ends."""
    told = Counter(run.iterations for run in found.runs if run.iterations is not None)
    measured = [one.iteration for run in found.runs for one in run.validations]
    usual = [told.most_common(1)[0][0]] if told else []
    return max((*usual, *measured, *(found.rungs or ())))


def _baseline(runs: Iterable[FoundRun]) -> dict[str, Any]:
    """What the parameters of the marked runs have in common; all real where none is marked."""
    marked = [run.parameters for run in runs if run.is_baseline]
    if not marked:
        return {REAL_RATIO: 1.0}
    return {path: value for path, value in marked[0].items() if all(own.get(path) == value for own in marked)}


def _fits(parameters: Mapping[str, Any], point: Mapping[str, Any]) -> bool:
    return all(parameters.get(path, value) == value for path, value in point.items())


def _spec(name: str, found: Found, final: int, metric: str) -> dict[str, Any]:
    """What was compared, not how it was trained."""
    searched: dict[str, dict[Any, None]] = {}
    for run in found.runs:
        for key, value in run.parameters.items():
            searched.setdefault(key, {})[value] = None
    measured = {one.iteration for run in found.runs for one in run.validations}
    rungs = sorted(rung for rung in (found.rungs or measured) if rung < final)
    return {
        "name": name,
        "description": "Imported: nothing was trained here.",
        "trainable": IMPORTED,
        "data": {"classes": []},
        "model": {},
        "training": {"iterations": final},
        "search": {
            "method": "grid",
            "metric": metric,
            "parameters": {key: {"values": list(values)} for key, values in searched.items()},
            "seeds": sorted({run.seed for run in found.runs if run.seed is not None}),
        },
        "baseline": _baseline(found.runs),
        "controls": [],
        "early_stopping": EarlyStoppingConfig(name="none", rungs=tuple(rungs)).model_dump(mode="json"),
        "budget": BudgetConfig().model_dump(mode="json"),
        "resources": ResourcesConfig().model_dump(mode="json"),
        "tracking": TrackingConfig().model_dump(mode="json"),
    }
