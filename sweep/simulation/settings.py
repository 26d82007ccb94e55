"""The rules and settings that a simulation compares: a spec's own, and those beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sweep.spec import EarlyStoppingConfig
from sweep.spec.stopping_faults import early_stopping_faults

_DELTAS = (0.01, 0.05, 0.1)
_BESIDE: dict[str, list[dict[str, Any]]] = {
    "none": [{}],
    "asha": [{"reduction_factor": value} for value in (2.0, 3.0, 4.0)],
    "median": [{}],
    "guarded": [{"delta": value} for value in _DELTAS],
    "promote": [
        *({"delta": value, "aim": "winner", "spend": None} for value in _DELTAS),
        {"aim": "curve", "spend": None},
    ],
}
"""What is varied of each rule; whatever else it heeds is as the spec says."""

RULES = tuple(_BESIDE)


@dataclass(frozen=True)
class RuleSetting:
    """One row of the table."""

    config: EarlyStoppingConfig
    is_own: bool
    """It is what the spec itself says."""

    @property
    def words(self) -> str:
        """`guarded, delta 0.05`; `asha, factor 3`; `promote, curve, tolerance 0.6`."""
        given = settings_of(self.config)
        aim = ["curve"] if given.pop("aim", None) == "curve" else []
        numbers = [f"{key.removeprefix('reduction_')} {value:g}" for key, value in given.items()]
        return ", ".join([self.config.name, *aim, *numbers])


def rule_settings(own: EarlyStoppingConfig, rules: Sequence[str] = ()) -> list[RuleSetting]:
    """Rows of a table: `own` is always among them, as the first of its rule where it is none of the others.

    Args:
        own: the spec's section. All rows have its options, as far as their rule reads them.
        rules: only these. Default: all.
    """
    rows = []
    for name, variants in _BESIDE.items():
        configs = [_config(own, {"name": name, **changes}) for changes in variants]
        wanted = configs if not rules or name in rules else []
        if own.name == name and not any(_same(own, one) for one in wanted):
            wanted = [own, *wanted]
        rows += [RuleSetting(one, is_own=_same(one, own)) for one in wanted]
    return rows


def settings_of(config: EarlyStoppingConfig) -> dict[str, Any]:
    """What sets the rule apart from others of its name, by key of the spec."""
    return {key: getattr(config, key) for key in _telling_keys(config)}


def _telling_keys(config: EarlyStoppingConfig) -> Iterator[str]:
    if config.name == "asha":
        yield "reduction_factor"
    if config.name == "promote":
        yield "aim"
    if config.name == "promote" and config.spend is not None:
        yield "spend"  # and neither delta nor tolerance is asked then
    elif config.name == "promote" and config.aim == "curve":
        yield "tolerance"
    elif config.name in ("guarded", "promote"):
        yield "delta"


def _config(own: EarlyStoppingConfig, changes: dict[str, Any]) -> EarlyStoppingConfig:
    """With defaults for what the other rule does not read, as a spec of it would have."""
    config = own.model_copy(update=changes)
    unread = [found.loc[1] for found in early_stopping_faults(config) if len(found.loc) == 2]
    return config.model_copy(update={str(key): _default(str(key)) for key in unread})


def _default(key: str) -> Any:
    return EarlyStoppingConfig.model_fields[key].default


def _same(left: EarlyStoppingConfig, right: EarlyStoppingConfig) -> bool:
    return left.name == right.name and settings_of(left) == settings_of(right)
