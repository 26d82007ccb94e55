"""The section `command` of a spec: what is wrong with it is told before anything runs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from sweep.engine.work import work_of
from sweep.errors import SpecError
from sweep.plan import planned_trials, protocol_id, regime_id
from sweep.report import latest_table_text, write_report
from sweep.results import trial_table
from sweep.spec import Spec, check_data, load_spec, spec_from_dict
from sweep.tracking.values import mixture_points
from tests.builders import sweep_state
from tests.specs import tiny_spec, write_spec
from tests.terminal import Terminal
from trainables.contract import Mixture
from trainables.contract.command import CommandTask
from trainables.contract.template import names_used

ARGUMENTS = ["python", "train.py", "--ratio={real_ratio}", "--seed={seed}"]


def values(command: dict[str, Any] | None = None, **sections: Any) -> dict[str, Any]:
    own = tiny_spec(Path("/sweeps"), trainable="command", command={"arguments": ARGUMENTS} | (command or {}))
    del own["data"]
    return own | sections


def spec(command: dict[str, Any] | None = None, **sections: Any) -> Spec:
    return spec_from_dict(values(command, **sections))


def faults(command: dict[str, Any] | None = None, **sections: Any) -> list[str]:
    with pytest.raises(SpecError) as caught:
        spec(command, **sections)
    return [fault.describe("").removeprefix(": ") for fault in caught.value.faults]


def more(argument: str) -> dict[str, Any]:
    return {"arguments": [*ARGUMENTS, argument]}


def test_the_section_and_the_word_belong_together() -> None:
    alone = values()
    del alone["command"]
    with pytest.raises(SpecError, match="command is missing; trainable: command needs it"):
        spec_from_dict(alone)
    assert faults(trainable="a:b")[0].startswith("command is given, but trainable is a:b; remove it, or set")


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ({"arguments": []}, "command.arguments is []; it must be"),
        (more("{relratio}"), "command.arguments[4] has an unknown placeholder {relratio}"),
        (more("{options.lr}"), "command.arguments[4] has an unknown placeholder {options.lr}"),
        (more("{real_ratio:.2f}"), "command.arguments[4] has {real_ratio...} with more"),
        (more("{x"), "command.arguments[4] has a brace without its partner"),
        (more("{checkpoint}"), "command.arguments[4] has an unknown placeholder {chec"),
        ({"environment": {"X": "{y}"}}, "command.environment.X has an unknown placeholder {y}"),
        ({"resume": ["{checkpoint}"]}, "command.checkpoint is missing; command.resume needs it"),
        ({"checkpoint": "{folder}/{iteration}"}, "command.resume is missing; command.checkpoint needs it"),
        (
            {"checkpoint": "{folder}/last", "resume": ["{checkpoint}"]},
            "command.checkpoint never says {iteration}, without which",
        ),
        (
            {"checkpoint": "{folder}/{iteration}", "resume": ["--resume"]},
            "command.resume never says {checkpoint}, without which",
        ),
        ({"reports": {"file": "work/log.json"}}, "command.reports.file is 'work/log.json'; it must"),
        ({"reports": {"format": "jsn"}}, "command.reports.format is 'jsn'; it must be one of: mmengine,"),
        ({"reports": {"format": "regex"}}, "command.reports.pattern is missing; format: regex needs it"),
        ({"reports": {"pattern": "x"}}, "command.reports.pattern is given, but only format: regex"),
        ({"reports": {"scale": 100}}, "command.reports.scale is 100, but mmengine's logs tell their unit"),
        ({"reports": {"format": "regex", "pattern": "("}}, "command.reports.pattern is no regular ex"),
        (
            {"reports": {"format": "regex", "pattern": "(?P<iteration>.)(?P<val_mlou>.)(?P<val_miou>.)"}},
            "command.reports.pattern has an unknown group 'val_mlou'. Did you mean 'val_miou'?",
        ),
        (
            {"reports": {"format": "regex", "pattern": "(?P<iteration>.)"}},
            "command.reports.pattern must have the named groups iteration and one of val_miou",
        ),
        ({"stop_signal": "SIGKILL"}, "command.stop_signal is 'SIGKILL'; it must be one of: SIGTERM"),
    ],
)  # fmt: skip
def test_faults_of_the_section(command: dict[str, Any], fault: str) -> None:
    told = faults(command)
    assert [one[: len(fault)] for one in told] == [fault]


class TestWhatReachesNobody:
    def test_the_ratio(self) -> None:
        (fault,) = faults({"arguments": ["train.py", "{seed}"]})
        assert fault == (
            "search.parameters.real_ratio is searched, but {real_ratio} is nowhere in command.arguments or "
            "command.environment: its values would change nothing"
        )

    def test_seeds(self) -> None:
        several = tiny_spec(Path())["search"] | {"seeds": [0, 1]}
        (fault,) = faults({"arguments": ["train.py", "{real_ratio}"]}, search=several)
        assert fault.startswith("search.seeds has several, but {seed} is nowhere in command.arguments")
        assert spec({"arguments": ["train.py", "{real_ratio}"]})

    @pytest.mark.parametrize("text", ["{options.lr}", "{options}"])
    def test_an_option_by_itself_or_with_its_section(self, text: str) -> None:
        search = {"parameters": {"real_ratio": {"values": [0, 1]}, "options.lr": {"values": [1, 2]}}}
        sections = {"options": {"lr": 1}, "search": search, "baseline": {"real_ratio": 1, "options.lr": 1}}
        assert faults(**sections)[0].startswith("search.parameters.options.lr is searched, but {options.lr}")
        assert spec(more(text), **sections)
        assert spec({"environment": {"LR": text}}, **sections)

    def test_the_batch_size_by_its_short_name(self) -> None:
        parameters = {"real_ratio": {"values": [0, 1]}, "training.batch_size": {"values": [1, 2]}}
        baseline = {"real_ratio": 1, "training.batch_size": 1}
        assert spec(
            {"arguments": [*ARGUMENTS, "{batch_size}"]}, search={"parameters": parameters}, baseline=baseline
        )

    def test_controls(self) -> None:
        assert faults(controls=["copy"])[0].startswith(
            "controls need a trainer that knows them, but {control}"
        )
        assert spec(more("{control}"), controls=["copy"])


class TestConfigFile:
    def load(self, tmp_path: Path, template: str | None) -> Spec:
        if template is not None:
            (tmp_path / "config.jinja").write_text(template)
        command = {
            "arguments": ["train.py", "{folder}/config.py"],
            "config_file": {"template": str(tmp_path / "config.jinja")},
        }
        loaded = load_spec(write_spec(tmp_path / "spec.yaml", values(command, options={"lr": 0.5})))
        check_data(loaded)
        return loaded.spec

    def test_its_text_goes_to_the_trial(self, tmp_path: Path) -> None:
        spec = self.load(tmp_path, "r = {{ real_ratio }}\n")
        work = work_of(spec)
        (tmp_path / "config.jinja").unlink()  # as on another node
        task = CommandTask.model_validate(work(planned_trials(spec)[0])["command"])
        assert task.template == "r = {{ real_ratio }}\n"
        assert (task.metric, task.trial.options) == ("val_miou", {"lr": 0.5})

    @pytest.mark.parametrize(
        ("template", "fault"),
        [
            (None, "which cannot be read: No such file or directory"),
            ("r = {{ real_ratio", "which cannot be rendered: line 1: "),
            ("r = {{ relratio }}", "which cannot be rendered: 'relratio' is undefined"),
            ("{{ real_ratio }} {{ options.width }}", "which cannot be rendered: .* has no attribute 'width'"),
            ("{{ ().__class__.__base__ }}", "which cannot be rendered: access to attribute '__class__'"),
            ("{{ seed }}", "real_ratio is searched, but {real_ratio} is nowhere in .* or the template"),
        ],
    )
    def test_its_faults_are_told_beforehand(self, tmp_path: Path, template: str | None, fault: str) -> None:
        with pytest.raises(SpecError, match=fault):
            self.load(tmp_path, template)

    def test_it_is_part_of_the_regime(self, tmp_path: Path) -> None:
        first = self.load(tmp_path, "{{ real_ratio }} a")
        before = regime_id(first)
        second = self.load(tmp_path, "{{ real_ratio }} b")
        assert before != regime_id(second)


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("{{ options.ema.decay }} {{ options['width'] }}", {"options.ema.decay", "options.width"}),
        ("{% for key, value in options.items() %}{{ key }}{% endfor %}", {"options", "key", "value"}),
        ("{{ options.get('lr', seed) | repr }}", {"options", "seed"}),
        ("{% if real_ratio < 1 %}x{% endif %}{# seed #}", {"real_ratio"}),
    ],
)
def test_what_a_template_reads(template: str, names: set[str]) -> None:
    assert names_used(template) == names


def test_a_fault_has_its_line(tmp_path: Path) -> None:
    path = write_spec(tmp_path / "spec.yaml", values({"arguments": ["a", "{real_ratio}", "{x}"]}))
    line = next(n for n, text in enumerate(path.read_text().splitlines(), start=1) if '"{x}"' in text)
    with pytest.raises(
        SpecError, match=rf"spec\.yaml:{line}: command.arguments\[2\] has an unknown placeholder"
    ):
        load_spec(path)


def test_a_missing_working_directory(tmp_path: Path) -> None:
    loaded = load_spec(
        write_spec(tmp_path / "spec.yaml", values({"working_directory": str(tmp_path / "no")}))
    )
    with pytest.raises(SpecError, match=r"command.working_directory is .*; there is no such folder"):
        check_data(loaded)


def test_what_is_called_how_is_the_regime_and_how_it_is_ended_is_not() -> None:
    base, other = spec(), spec(more("--lr=1"))
    assert regime_id(base) != regime_id(other)
    assert protocol_id(base) != protocol_id(other)
    assert regime_id(base) == regime_id(spec({"grace_seconds": 1, "stop_signal": "SIGINT"}))
    assert protocol_id(spec(protocol="p")) == protocol_id(spec(more("--lr=1"), protocol="p"))


def test_the_plan_shows_the_command(tmp_path: Path, sweep: Terminal) -> None:
    path = write_spec(tmp_path / "spec.yaml", values({"working_directory": str(tmp_path)}))
    done = sweep("plan", str(path))
    assert done.code == 0
    assert "runs python train.py '--ratio={real_ratio}' '--seed={seed}'\n" in done.out


def test_a_command_is_not_made_tiny(tmp_path: Path, sweep: Terminal) -> None:
    path = write_spec(tmp_path / "spec.yaml", values())
    done = sweep("run", str(path), "--smoke")
    assert done.code == 2
    assert "a command is not shortened from here" in " ".join(done.err.replace("│", " ").split())


def test_a_spec_can_be_made_from_what_the_ledger_keeps() -> None:
    one = spec({"checkpoint": "{folder}/{iteration}", "resume": ["{checkpoint}"], "environment": {"A": "b"}})
    assert spec_from_dict(one.model_dump(mode="json")) == one


class TestNotVerified:
    def page(self, tmp_path: Path, counted: bool) -> str:
        state = sweep_state(arms=(1.0, 0.5), seeds=(0,))
        for trial in state.trials.values():
            if not counted or trial.planned.parameters["real_ratio"] == 0.5:
                for report in trial.reports.values():
                    report.mixture.update(asdict(Mixture.not_counted(0.5)))
            else:
                for report in trial.reports.values():
                    report.mixture.update(distinct_real=None, real_passes=None)
        folder = tmp_path / "report"
        assert " ".join(latest_table_text(state).split()).startswith("real_ratio")
        write_report(state, folder)
        assert trial_table(state)["realised_real_ratio"].isna().sum() == (1 if counted else 2)
        return (folder / "report.md").read_text()

    def test_nobody_has_counted(self, tmp_path: Path) -> None:
        page = self.page(tmp_path, counted=False)
        assert page.count("real_ratio is what was asked for and not verified: the trainer does not say") == 2

    def test_some_have(self, tmp_path: Path) -> None:
        page = self.page(tmp_path, counted=True)
        assert "real_ratio of 1 of 2 trials is what was asked for and not verified" in page
        (row,) = (
            line for line in page.splitlines() if line.startswith("| real_ratio=1.0") and "unknown" in line
        )
        assert "nan" not in row

    def test_mlflow_gets_what_was_counted(self) -> None:
        none = Mixture.not_counted(0.5)
        images = {"real_images": 1, "generated_images": {"a": 1}}
        counted = Mixture(**asdict(none) | images | {"distinct_real": None, "real_passes": None})
        assert mixture_points(asdict(none)) == {}
        points = mixture_points(asdict(counted))
        assert points["real_images"] == points["generated_images"] == 1
        assert not {"distinct_real", "real_passes"} & points.keys()
