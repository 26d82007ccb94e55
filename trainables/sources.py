"""What a trial draws its images from, and how it mixes them."""

from __future__ import annotations

from collections.abc import Mapping

from trainables.contract import Source, TrialConfig
from trainables.data import Samples, control_samples, open_samples
from trainables.mixing import REAL, Recipe


def training_sources(config: TrialConfig) -> dict[str, Samples]:
    """By name, only what is drawn from: the real images are not needed at 0, the generated ones not at 1.

    Raises:
        DataError: a source cannot be used.
    """
    real = (REAL,) if config.real_ratio > 0 else ()
    generated = config.generated_weights() if config.real_ratio < 1 else ()
    return {name: _training_source(config, name) for name in (*real, *generated)}


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


def _opened(config: TrialConfig, path: str, source: Source) -> Samples:
    return open_samples(config.data, source, config.inventories.get(path), pack=config.training.pack)
