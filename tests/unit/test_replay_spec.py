"""A spec with `trainable: replay`: what can be wrong with it, what it replays, and what it says it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sweep.engine.create import must_be_unchanged
from sweep.engine.work import work_of
from sweep.errors import ChangedError, SpecError
from sweep.importers import check_curves, recorded_curves
from sweep.ledger import SweepState, replay
from sweep.ledger.events import SweepCreated
from sweep.plan import plan_text, planned_trials, protocol_id, regime_id
from sweep.report import latest_table_text, write_report
from sweep.results import trial_table
from sweep.spec import LoadedSpec, Spec, load_spec, spec_of_resume
from sweep.tracking.values import class_points, mixture_points
from tests.builders import sweep_events
from tests.replaying import replay_spec, write_curves
from tests.specs import write_spec
from trainables.contract.recorded import ReplayConfig


def loaded(folder: Path, **sections: Any) -> LoadedSpec:
    return load_spec(write_spec(folder / "tiny.yaml", replay_spec(folder, **sections)))


def spec_of(folder: Path, **sections: Any) -> Spec:
    return loaded(folder, **sections).spec


def test_every_trial_is_told_its_own_curve_at_the_iterations_where_it_would_validate(tmp_path: Path) -> None:
    curves = write_curves(tmp_path / "curves.csv")
    spec = spec_of(tmp_path, replay={"curves": str(curves), "seconds_per_iteration": 0.5})
    work = work_of(spec)
    for trial in planned_trials(spec):
        config = ReplayConfig.model_validate(work(trial)["replay"])
        assert (config.arm, config.seed, config.seconds_per_iteration) == (trial.arm, trial.seed, 0.5)
        assert sorted(config.recorded) == [4, 8, 12]
        line = f"{trial.parameters['real_ratio']:g},0,12,{config.recorded[12]['val_miou']}"
        assert line in curves.read_text().splitlines()


def test_all_that_the_file_lacks_is_told_at_once(tmp_path: Path) -> None:
    write_curves(tmp_path / "curves.csv", iterations=(4, 12))
    arms = {"parameters": {"real_ratio": {"values": [0, 0.3, 1]}}, "seeds": [0, 7]}
    with pytest.raises(SpecError) as error:
        check_curves(loaded(tmp_path, search=arms))
    lines = str(error.value).splitlines()
    assert len(lines) == 4
    for line in lines:
        assert re.match(r".*tiny\.yaml:\d+: replay\.curves is .*curves\.csv, which has no ", line)
    assert (
        "no rows of real_ratio=0.3; its arms are real_ratio=0.0, real_ratio=0.5, real_ratio=1.0" in lines[0]
    )
    assert "no seed 7 of real_ratio=1.0; it has 0" in lines[1]
    assert "no seed 7 of real_ratio=0.0; it has 0" in lines[2]
    assert "no row at iteration 8 of real_ratio=1.0 seed 0, real_ratio=0.0 seed 0, where" in lines[3]


def test_a_parameter_with_one_value_need_not_be_in_the_file_and_chooses_where_it_is(tmp_path: Path) -> None:
    lr = "training.optimizer.lr"
    search = {"parameters": {"real_ratio": {"values": [0, 1]}, lr: {"value": 0.2}}, "seeds": [0]}
    write_curves(tmp_path / "curves.csv")
    check_curves(loaded(tmp_path, search=search))

    rows = [f"{ratio},{lr},{it},{10 * lr + it}" for ratio in (0, 1) for lr in (0.1, 0.2) for it in (4, 8, 12)]
    (tmp_path / "curves.csv").write_text("\n".join([f"real_ratio,{lr},iteration,val_miou", *rows]))
    spec = spec_of(tmp_path, search=search)
    curves = recorded_curves(spec)
    assert [curves.of(trial)[12] for trial in planned_trials(spec)] == [{"val_miou": 14.0}] * 2


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"replay": None}, "replay is missing; trainable: replay needs it"),
        ({"trainable": "segmentation"}, "replay is given, but trainable is segmentation; remove it, or set"),
        (
            {"search": {"method": "optuna", "trials": 3}},
            "search.method is optuna, which proposes",
        ),
        ({"replay": {"curve": "x.csv"}}, "unknown key 'curve' in 'replay'. Did you mean 'curves'?"),
    ],
)
def test_what_does_not_go_together(tmp_path: Path, sections: dict[str, Any], message: str) -> None:
    write_curves(tmp_path / "curves.csv")
    plain = replay_spec(tmp_path)
    sections = {key: plain[key] | value if key == "search" else value for key, value in sections.items()}
    with pytest.raises(SpecError, match=re.escape(message)):
        loaded(tmp_path, **sections)


def test_any_spec_can_be_replayed_without_its_data(tmp_path: Path) -> None:
    write_curves(tmp_path / "curves.csv")
    nowhere = {
        "root": "nowhere",
        "real": {"split": "train"},
        "validation": {"split": "val"},
        "classes": ["a", "b"],
    }
    data = nowhere | {"generated": {"gen": {"images": "gen"}}}
    plain = replay_spec(tmp_path, data=data)
    del plain["trainable"], plain["replay"]
    file = write_spec(tmp_path / "tiny.yaml", plain)
    check_curves(load_spec(file, ["trainable=replay", f"replay.curves={tmp_path}/curves.csv"]))
    with pytest.raises(SpecError) as error:
        load_spec(file, ["trainable=replay", "replay.curves=x.csv", "training.iterations=0"])
    assert "nowhere" not in str(error.value), "a replay looks at no image"


def test_a_changed_file_keeps_the_sweep_from_going_on(tmp_path: Path) -> None:
    curves = write_curves(tmp_path / "curves.csv")
    spec = spec_of(tmp_path)
    created = created_of(spec)
    again = spec_of_resume(created.spec, [], storage=tmp_path)
    must_be_unchanged(created, again)
    curves.write_text(curves.read_text().replace("17.0", "17.5"))
    with pytest.raises(ChangedError, match=r"curves\.csv, which it replays, was changed or is gone"):
        must_be_unchanged(created, again)
    curves.unlink()
    with pytest.raises(ChangedError, match=r"is csv-missing.*curves\.csv"):
        must_be_unchanged(created, again)


def test_it_never_looks_measured(tmp_path: Path) -> None:
    write_curves(tmp_path / "curves.csv")
    spec = spec_of(tmp_path)
    state = replayed_state(spec)
    assert state.provenance == "replayed"
    assert f"replays {tmp_path}/curves.csv: nothing is trained" in plan_text(spec)
    said = "Replayed: nothing was trained; all values were recorded before and come out of curves.csv."
    assert latest_table_text(state, width=110).startswith(said)
    write_report(state, tmp_path / "report")
    page = (tmp_path / "report/report.md").read_text()
    assert page.splitlines()[:3] == ["# Sweep fake", "", said]
    assert "None: nothing was trained." in page
    assert set(trial_table(state)["provenance"]) == {"replayed"}


def test_of_images_that_nobody_saw_nothing_is_said() -> None:
    nothing = {"requested_real_ratio": 0.5, "realised_real_ratio": 0.0, "real_images": 0}
    assert mixture_points(nothing | {"generated_images": {}}) == {}
    assert class_points({"intersection": [], "prediction": [], "label": []}, ["road", "car"]) == {}


def created_of(spec: Spec) -> SweepCreated:
    (first,) = [event for event in sweep_events() if isinstance(event, SweepCreated)]
    changes = {
        "spec": spec.model_dump(mode="json"),
        "protocol_id": protocol_id(spec),
        "regime_id": regime_id(spec),
    }
    return SweepCreated(**vars(first) | changes)


def replayed_state(spec: Spec) -> SweepState:
    """Of a sweep with this spec's rungs and arms, whose reports tell of no images."""
    events = list(sweep_events(arms=(0.0, 0.5, 1.0), seeds=(0,), rungs=(4, 8, 12), validate_every=None))
    for event in events:
        if hasattr(event, "mixture"):
            event.mixture.update(real_images=0, generated_images={}, realised_real_ratio=0.0)
    return replay([created_of(spec), *events[1:]])
