"""The rules and settings that a simulation compares: a spec's own, and those beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sweep.spec import EarlyStoppingConfig

RULES = ("none", "asha", "median", "guarded", "promote")
REDUCTION_FACTORS = (2.0, 3.0, 4.0)
DELTAS = (0.01, 0.05, 0.1)

_VARIED = {
    "none": (),
    "asha": ("reduction_factor",),
    "median": (),
    "guarded": ("delta",),
    "promote": ("delta",),
}
"""What is varied of each rule; whatever else it heeds is as the spec says."""


@dataclass(frozen=True)
class RuleSetting:
    """One row of the table."""

    config: EarlyStoppingConfig
    is_own: bool
    """It is what the spec itself says."""

    @property
    def words(self) -> str:
        """`guarded, delta 0.05`; `asha, factor 3`."""
        given = {key: getattr(self.config, key) for key in keys_of(self.config)}
        untold = ("aim", "winner"), ("spend", None)  # the defaults go without saying
        parts = [
            f"{key.removeprefix('reduction_')} {_text(value)}"
            for key, value in given.items()
            if (key, value) not in untold
        ]
        return ", ".join([self.config.name, *parts])


def rule_settings(own: EarlyStoppingConfig, rules: Sequence[str] = ()) -> list[RuleSetting]:
    """Rows of a table: `own` is always among them, as the first of its rule where it is none of the others.

    Args:
        own: the spec's section. All rows have its options (`min_peers`, `patience`, `noise_sd`, `aim` ...).
        rules: only these. Default: all.
    """
    rows = []
    for name in RULES:
        configs = [own.model_copy(update={"name": name, **changes}) for changes in _changes(name)]
        wanted = configs if not rules or name in rules else []
        if own.name == name and not any(_same(own, one) for one in wanted):
            wanted = [own, *wanted]
        rows += [RuleSetting(one, is_own=_same(one, own)) for one in wanted]
    return rows


def keys_of(config: EarlyStoppingConfig) -> tuple[str, ...]:
    """The keys that set the rule apart from others of its name."""
    return (*_VARIED[config.name], *(("aim", "spend") if config.name == "promote" else ()))


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _changes(name: str) -> Iterator[dict[str, float]]:
    for key in _VARIED[name]:
        yield from ({key: value} for value in (REDUCTION_FACTORS if key == "reduction_factor" else DELTAS))
    if not _VARIED[name]:
        yield {}


def _same(left: EarlyStoppingConfig, right: EarlyStoppingConfig) -> bool:
    keys = _VARIED[left.name]
    return left.name == right.name and all(getattr(left, key) == getattr(right, key) for key in keys)
