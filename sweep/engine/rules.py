"""The stopping rule that a spec names."""

from __future__ import annotations

from sweep.spec import EarlyStoppingConfig
from sweep.stopping import Asha, NoStopping, Rule


def rule_of(config: EarlyStoppingConfig) -> Rule:
    """The rule with the spec's settings."""
    if config.name == "none":
        return NoStopping()
    return Asha(
        reduction_factor=config.reduction_factor, min_peers=config.min_peers, noise_sd=config.noise_sd
    )
