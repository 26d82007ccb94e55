"""A function of the user's own through real Ray: found beside the spec, and held to its reports."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from sweep.ledger import Ledger, replay
from tests.broken_trainables import EXAMPLE
from tests.integration.commands import sweep_command
from tests.specs import write_spec

SPEC = {
    "name": "mine",
    "trainable": "own_trainable:train",
    "training": {"iterations": 60, "batch_size": 8, "log_interval": 10},
    "options": {"lie": False},
    "search": {
        "parameters": {"real_ratio": {"values": [0, 1]}, "options.lie": {"values": [False, True]}},
    },
    "baseline": {"real_ratio": 1, "options.lie": False},
    "early_stopping": {"name": "none", "rungs": [20]},
    "resources": {"concurrent_trials": 2, "max_failures": 0},
    "tracking": {"enabled": False},
}
LYING = """
from dataclasses import replace

def lie(config, report):
    if not config.options["lie"]:
        return report
    return replace(report, metrics={key: value for key, value in report.metrics.items() if key != "val_aacc"})
"""


def test_own_trainable_through_ray(tmp_path: Path) -> None:
    shutil.copy(EXAMPLE, tmp_path / "own_trainable.py")
    code = (tmp_path / "own_trainable.py").read_text() + LYING
    code = code.replace(
        "session.report(_report(config, state),", "session.report(lie(config, _report(config, state)),"
    )
    (tmp_path / "own_trainable.py").write_text(code)
    write_spec(tmp_path / "mine.yaml", SPEC)
    done = sweep_command("run", "mine.yaml", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    state = replay(Ledger(tmp_path / "sweeps" / "mine" / "ledger.jsonl").read())
    for trial in state.trials.values():
        if trial.planned.parameters["options.lie"]:
            assert trial.status == "failed"
            assert "metrics lacks 'val_aacc'" in trial.faults[-1].reason
        else:
            assert (trial.status, sorted(trial.reports)) == ("finished", [20, 60])
            mixture = trial.reports[60].mixture
            assert mixture["realised_real_ratio"] == trial.planned.parameters["real_ratio"]
    assert json.loads((tmp_path / "sweeps/mine/ledger.jsonl").read_text().splitlines()[0])["name"] == "mine"
