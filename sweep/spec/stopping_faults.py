"""What is wrong with early stopping: rungs, keys that its rule does not read, a search it cannot serve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sweep.spec.sections import EarlyStoppingConfig, SearchConfig
from sweep.spec.wording import Found, given
from trainables.contract import TrainingConfig

_READ_BY: Mapping[str, tuple[str, ...]] = {
    "delta": ("guarded", "promote"),
    "aim": ("promote",),
    "tolerance": ("promote",),
    "spend": ("promote",),
    "patience": ("guarded", "asha", "median"),
}
"""Keys that promise something, by the rules that keep it; with `none` it is plain that nothing is judged."""

_READ_BY_AIM: Mapping[str, str] = {"delta": "winner", "tolerance": "curve"}
"""Keys that `promote` reads with one aim alone, and not where `spend` says how much is spent."""


def early_stopping_faults(stopping: EarlyStoppingConfig) -> Iterator[Found]:
    """Rungs out of order, and keys that were set but are not read."""
    for number, (before, rung) in enumerate(zip(stopping.rungs, stopping.rungs[1:], strict=False), start=1):
        if rung <= before:
            message = f"is {rung}; it must be above the rung before it ({before})"
            yield Found(("early_stopping", "rungs", number), message)
    for key, rules in _READ_BY.items():
        if stopping.name not in (*rules, "none") and _is_set(stopping, key):
            yield _unread(stopping, key, stopping.name, f"set early_stopping.name to {' or '.join(rules)}")
    if stopping.name == "promote":
        yield from _unread_by_promote(stopping)


def _unread_by_promote(stopping: EarlyStoppingConfig) -> Iterator[Found]:
    for key, aim in _READ_BY_AIM.items():
        if not _is_set(stopping, key):
            continue
        if stopping.spend is not None:
            yield _unread(stopping, key, "promote with spend", "remove early_stopping.spend")
        elif stopping.aim != aim:
            yield _unread(
                stopping, key, f"promote with aim: {stopping.aim}", f"set early_stopping.aim to {aim}"
            )


def _is_set(stopping: EarlyStoppingConfig, key: str) -> bool:
    return bool(getattr(stopping, key) != EarlyStoppingConfig.model_fields[key].default)


def _unread(stopping: EarlyStoppingConfig, key: str, by: str, remedy: str) -> Found:
    value = given(getattr(stopping, key))
    return Found(("early_stopping", key), f"is {value}, which {by} does not read; remove it, or {remedy}")


def rungs_faults(stopping: EarlyStoppingConfig, training: TrainingConfig) -> Iterator[Found]:
    """Rungs that no trial would reach, and none where one could be paused."""
    if stopping.name == "promote" and not stopping.rungs:
        message = (
            "is missing; promote pauses trials at rungs: give iterations below training.iterations "
            f"({training.iterations}), or set early_stopping.name to none"
        )
        yield Found(("early_stopping", "rungs"), message)
    for number, rung in enumerate(stopping.rungs):
        if rung > training.iterations:
            message = f"is {rung}; it must be at most training.iterations ({training.iterations})"
            yield Found(("early_stopping", "rungs", number), message)


def promotion_faults(stopping: EarlyStoppingConfig, search: SearchConfig) -> Iterator[Found]:
    """A search that goes on proposing trials: paused ones wait for the last of them."""
    if stopping.name == "promote" and search.method not in ("grid", "random"):
        message = (
            f"is 'promote', which chooses among trials that are known beforehand; {search.method} proposes "
            "them as it goes. Set search.method to grid or random, or early_stopping.name to guarded"
        )
        yield Found(("early_stopping", "name"), message)
