"""Two hashes: which scores may be compared, and which were trained alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from sweep.plan.content import content_of, file_hash
from sweep.spec import Spec
from trainables.contract.versions import METRIC_DEFINITION, TRAINING_RECIPE

_WITHOUT_EFFECT = {"seed", "workers", "log_interval", "validation_interval", "checkpoint_interval"}
_LABEL_KEYS = {"classes", "ignore_index", "reduce_zero_label", "label_map"}


def protocol_id(spec: Spec) -> str:
    """Hash of all that makes two scores comparable: validation set, classes, labels, metric definition.

    12 hexadecimal digits. Folders count by names and sizes of their files, not by where they lie.
    """
    return _hash(
        {
            "metric": METRIC_DEFINITION,
            "validation": content_of(spec.data, spec.data.validation),
            "labels": spec.data.model_dump(mode="json", include=_LABEL_KEYS),
        }
    )


def regime_id(spec: Spec) -> str:
    """Hash of all that changes training and is not searched: the rest of data, model and training.

    12 hexadecimal digits. Left out: seeds, number of loader processes, and how often is logged, validated or
    saved. Folders count as in `protocol_id`, pretrained weights by their bytes.
    """
    data = spec.data
    regime = {
        "recipe": TRAINING_RECIPE,
        "data": {
            **data.model_dump(mode="json", include={*_LABEL_KEYS, "strategy", "weights"}),
            "real": content_of(data, data.real),
            "generated": {name: content_of(data, source) for name, source in data.generated.items()},
        },
        "model": {**spec.model.model_dump(mode="json"), "pretrained": file_hash(spec.model.pretrained)},
        "training": spec.training.model_dump(mode="json", exclude=_WITHOUT_EFFECT),
    }
    _leave_out(regime, spec.search.parameters)
    return _hash(regime)


def _leave_out(regime: dict[str, Any], searched: Iterable[str]) -> None:
    for path in searched:
        *above, last = path.split(".")
        section: Any = regime
        for part in above:
            section = section.get(part, {})
        if section.pop(last, None) is None and "files" in section:
            section.clear()  # a searched folder: what it holds is searched with it


def _hash(values: dict[str, Any]) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
