"""What a trial draws its images from, and how it mixes them."""

from __future__ import annotations

from collections.abc import Mapping

from trainables.contract import Source, TrialConfig, TrialError
from trainables.contract.fixed_set import set_fault, set_sizes
from trainables.contract.training import FIXED_TOTAL_SET
from trainables.data import Samples, control_samples, open_samples
from trainables.data.subset import Subset
from trainables.mixing import REAL, Recipe, members_of_set


def training_sources(config: TrialConfig) -> dict[str, Samples]:
    """By name, only what is drawn from: the real images are not needed at 0, the generated ones not at 1.

    With `training.fairness: fixed_total_set` so many of their images as the set has of each.

    Raises:
        DataError: a source cannot be used.
        TrialError: it has fewer images than its part of the set.
    """
    real = (REAL,) if config.real_ratio > 0 else ()
    generated = config.generated_weights() if config.real_ratio < 1 else ()
    sources = {name: _training_source(config, name) for name in (*real, *generated)}
    if config.training.fairness == FIXED_TOTAL_SET:
        return _fixed_set(config, sources)
    return sources


def validation_source(config: TrialConfig) -> Samples:
    """What it is validated on. Raises DataError."""
    return _opened(config, "data.validation", config.data.validation)


def recipe_of(config: TrialConfig, sources: Mapping[str, Samples]) -> Recipe:
    """How `training_sources` are mixed. Raises TrialError."""
    return Recipe(
        real_ratio=config.real_ratio,
        sizes={name: len(samples) for name, samples in sources.items()},
        weights=config.generated_weights(),
        batch_size=config.training.batch_size,
        seed=config.seed,
    )


def _training_source(config: TrialConfig, name: str) -> Samples:
    data = config.data
    if name == REAL:
        return _opened(config, "data.real", data.real)
    if config.control is not None:
        return control_samples(config.control, _opened(config, "data.real", data.real))
    return _opened(config, f"data.generated.{name}", data.generated[name])


def _fixed_set(config: TrialConfig, sources: Mapping[str, Samples]) -> dict[str, Samples]:
    total = len(sources[REAL] if REAL in sources else _images_of_real(config))
    real, generated = set_sizes(config.real_ratio, total, config.generated_weights())
    parts = {REAL: real, **generated}
    found = (
        set_fault(config.real_ratio, total, name, parts[name], len(own)) for name, own in sources.items()
    )
    if faults := [f"training.fairness is {FIXED_TOTAL_SET}: {fault}" for fault in found if fault]:
        raise TrialError("\n".join(faults))
    members = {
        name: members_of_set(parts[name], len(own), config.seed, name) for name, own in sources.items()
    }
    if config.control is not None and config.control in members:  # it stands in for the rest of them
        members[config.control] = members_of_set(total, total, config.seed, REAL)[real:]
    return {name: Subset(samples, members[name]) for name, samples in sources.items()}


def _images_of_real(config: TrialConfig) -> Samples:
    """To be counted: no pack is made for that."""
    return open_samples(config.data, config.data.real, config.inventories.get("data.real"))


def _opened(config: TrialConfig, path: str, source: Source) -> Samples:
    return open_samples(config.data, source, config.inventories.get(path), pack=config.training.pack)
