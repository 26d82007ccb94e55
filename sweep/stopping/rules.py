"""The stopping rule that a spec names. A new rule joins here, in its own file, and in the spec's list."""

from __future__ import annotations

from sweep.spec import EarlyStoppingConfig, Spec
from sweep.stopping.asha import Asha
from sweep.stopping.guarded import Guarded
from sweep.stopping.judge import Judge
from sweep.stopping.median import Median
from sweep.stopping.none import NoStopping
from sweep.stopping.promote import Promote
from sweep.stopping.rule import Rule


def judge_of(spec: Spec) -> Judge:
    """The judge with the spec's rule and options."""
    config = spec.early_stopping
    return Judge(
        rule_of(config),
        min_peers=config.min_peers,
        patience=config.patience,
        spare=config.spare,
        seed=spec.search.seed,
    )


def rule_of(config: EarlyStoppingConfig) -> Rule:
    """The rule with the spec's settings."""
    asha = Asha(config.reduction_factor, config.noise_sd, config.seeds_together)
    match config.name:
        case "none":
            return NoStopping()
        case "asha":
            return asha
        case "median":
            return Median(config.noise_sd, config.seeds_together)
        case "guarded":
            return Guarded(asha, config.delta, config.seeds_together)
        case "promote":
            return Promote(config.delta, config.aim, config.spend, config.seeds_together, config.tolerance)
