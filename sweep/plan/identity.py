"""Two hashes: which scores may be compared, and which were trained alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from sweep.plan.content import content_of, file_hash
from sweep.plan.trials import with_parameters
from sweep.spec import Point, ReplaySection, Spec
from sweep.spec.space import REAL_RATIO
from trainables.contract.versions import METRIC_DEFINITION, TRAINING_RECIPE

_WITHOUT_EFFECT = {
    "seed", "workers", "pack", "log_interval", "validation_interval", "checkpoint_interval"
}  # fmt: skip
_LABEL_KEYS = {"classes", "ignore_index", "reduce_zero_label", "label_map"}


def protocol_id(spec: Spec) -> str:
    """Hash of all that makes two scores comparable: validation set, classes, labels, metric definition.

    12 hexadecimal digits. Folders count by names and sizes of their files, not by where they lie. Of a replay
    it is the recorded file by its bytes: how its scores came about is not known. A trainer of somebody's own
    measures by what `protocol` says, or by what only it knows.
    """
    if spec.replay is not None:
        return _id_of_recorded(spec.replay)
    own = {"protocol": spec.protocol} if spec.protocol is not None else {"trainer": _own_trainer(spec)}
    return _hash(
        {
            "metric": own if spec.has_own_trainer else METRIC_DEFINITION,
            "validation": content_of(spec.data, spec.data.validation),
            "labels": spec.data.model_dump(mode="json", include=_LABEL_KEYS),
        }
    )


def regime_id(spec: Spec) -> str:
    """Hash of all that changes training and is not searched: the rest of data, model, training and options.

    12 hexadecimal digits. A parameter with a single value is not searched but set. Left out: seeds, number of
    loader processes, and how often is logged, validated or saved. Folders count as in `protocol_id`,
    pretrained weights by their bytes; of a replay, only the recorded file.
    """
    if spec.replay is not None:
        return _id_of_recorded(spec.replay)
    fixed = _single_values(spec)
    data, model, training = (
        with_parameters(name, getattr(spec, name), fixed) for name in ("data", "model", "training")
    )
    own = {"options": with_parameters("options", spec.options, fixed).by_name} if spec.has_own_trainer else {}
    regime = {
        **own,
        "recipe": _own_trainer(spec) if spec.has_own_trainer else TRAINING_RECIPE,
        "data": {
            **data.model_dump(mode="json", include={*_LABEL_KEYS, "strategy", "weights"}),
            "real": content_of(data, data.real),
            "generated": {name: content_of(data, source) for name, source in data.generated.items()},
        },
        "model": {**model.model_dump(mode="json"), "pretrained": file_hash(model.pretrained)},
        "training": training.model_dump(mode="json", exclude=_WITHOUT_EFFECT),
    }
    _leave_out(regime, (path for path in spec.search.parameters if path not in fixed))
    return _hash(regime)


def _own_trainer(spec: Spec) -> dict[str, Any]:
    """What can be told of a trainer that is not ours: how it is called, placeholders as they are."""
    if spec.command is None:
        return {"trainable": spec.trainable}
    file = spec.command.config_file
    return {
        "trainable": spec.trainable,
        **spec.command.model_dump(mode="json", include={"arguments", "environment"}),
        "template": file_hash(file.template) if file else None,
    }


def _id_of_recorded(replay: ReplaySection) -> str:
    """As an import of the file has it; `csv-missing` where there is none."""
    digest = file_hash(replay.curves)
    return f"csv-{digest[:12] if digest else 'missing'}"


def _single_values(spec: Spec) -> Point:
    """What is listed as searched but the same for all arms; `real_ratio` is part of no regime."""
    choices = {path: parameter.choices or () for path, parameter in spec.search.parameters.items()}
    return {path: own[0] for path, own in choices.items() if len(own) == 1 and path != REAL_RATIO}


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
