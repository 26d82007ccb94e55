"""The file that adds to a sweep: what it may hold, and what is said where it is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.errors import SpecError
from sweep.spec import Point, Spec, spec_from_dict
from sweep.spec.extension import AddedArm, extension_text, is_extension, load_extension
from sweep.spec.extension_faults import arms_faults
from sweep.spec.keys import dotted
from sweep.storage import SweepFolder
from tests.specs import tiny_spec


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """A storage that holds the sweep `fake`."""
    return with_sweep(tmp_path / "sweeps")


def with_sweep(storage: Path, name: str = "fake") -> Path:
    folder = SweepFolder(storage, name)
    folder.create()
    folder.ledger.touch()
    return storage


def written(storage: Path, text: str) -> Path:
    path = storage.parent / "more.yaml"
    path.write_text(f"storage: {{path: {storage}}}\n{text}")
    return path


def all_faults(path: Path) -> list[str]:
    """Those that the file has by itself, raised or kept for its sweep's to join them."""
    try:
        loaded = load_extension(path)
    except SpecError as error:
        return str(error).replace(str(path), "FILE").split("\n")
    return str(loaded.document.error(loaded.found)).replace(str(path), "FILE").split("\n")


def test_file_is_read(storage: Path) -> None:
    path = written(
        storage,
        "extends: fake\n"
        "trials:\n"
        "  - {real_ratio: 0.07, training.optimizer.lr: 1e-3, seeds: [0, 1]}\n"
        "  - {real_ratio: 0.1}\n"
        "continue: [t003, t007]\n",
    )
    loaded = load_extension(path)
    assert loaded.folder == SweepFolder(storage, "fake")
    assert loaded.arms[0].point == {"real_ratio": 0.07, "training.optimizer.lr": 0.001}
    assert [loaded.arms[number].seeds for number in (0, 1)] == [(0, 1), ()]
    assert loaded.continued == {0: "t003", 1: "t007"}
    assert loaded.found == ()


def test_storage_is_that_of_specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with_sweep(tmp_path / "sweeps")
    with_sweep(tmp_path / "elsewhere")
    path = tmp_path / "more.yaml"
    path.write_text("extends: fake\ncontinue: [t000]\n")
    assert load_extension(path).folder.storage == tmp_path / "sweeps"
    monkeypatch.setenv("SEGSWEEP_STORAGE", str(tmp_path / "elsewhere"))
    assert load_extension(path).folder.storage == tmp_path / "elsewhere"
    path.write_text("extends: fake\ncontinue: [t000]\nstorage: {path: sweeps}\n")
    assert load_extension(path).folder.storage == tmp_path / "sweeps"


def test_a_spec_is_no_extension(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("name: x\n")
    assert not is_extension(path)
    path.write_text("extends: x\n")
    assert is_extension(path)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("extends: fake", ["FILE: adds nothing; give `trials`, `continue` or both"]),
        (
            "extends: fkae\ncontinue: [t000]",
            ["FILE:2: extends is 'fkae'; there is no such sweep in STORAGE. Sweeps there: fake"],
        ),
        (
            "extends: [fake]\ncontinue: t000",
            [
                "FILE:2: extends is ['fake']; it must be 1 to 64",
                "FILE:3: continue is 't000'; it must be a list",
            ],
        ),
        (
            "extends: fake\ncontinued: [t000]\ntrials: [3]",
            [
                "FILE:3: unknown key 'continued'. Did you mean 'continue'?",
                "FILE:4: trials[0] is 3; it must be a section with parameters and seeds",
            ],
        ),
        (
            "extends: fake\ncontinue: [7]\ntrials:\n  - {real_ratio: 0.1, seeds: [-1]}\n  - {seeds: 3}",
            [
                "FILE:3: continue[0] is 7; it must be text",
                "FILE:5: trials[0].seeds[0] is -1; it must be at least 0",
                "FILE:6: trials[1].seeds is 3; it must be a list",
            ],
        ),
        (
            "extends: fake\nextends: fake\ncontinue: [t000]",
            ["FILE:3: duplicate key 'extends'; it was first given in line 2. Remove one"],
        ),
    ],
)
def test_faults_of_the_file_are_told_at_once(storage: Path, text: str, faults: list[str]) -> None:
    said = all_faults(written(storage, text))
    assert len(said) == len(faults)
    for line, start in zip(said, faults, strict=True):
        assert line.startswith(start.replace("STORAGE", str(storage)))


LR = "training.optimizer.lr"


def spec(**sections: Any) -> Spec:
    search = {"parameters": {"real_ratio": {"values": [0, 1]}, LR: {"values": [0.01, 0.1]}}, "seeds": [0]}
    baseline = {"real_ratio": 1, LR: 0.1}
    return spec_from_dict(tiny_spec(Path("/sweeps"), **{"search": search, "baseline": baseline, **sections}))


def arm_faults(point: Point, of: Spec, seeds: tuple[int, ...] = ()) -> list[str]:
    arm = AddedArm.model_validate({**point, "seeds": seeds})
    found = arms_faults({2: arm}, of)
    return [one.message if one.whole else f"{dotted(one.loc)} {one.message}" for one in found]


def test_new_values_are_welcome() -> None:
    assert arm_faults({"real_ratio": 0.07, LR: 0.05}, spec()) == []
    assert arm_faults({"real_ratio": 0, LR: 0.05, "control": "copy"}, spec()) == []


@pytest.mark.parametrize(
    ("point", "seeds", "fault"),
    [
        ({"real_ratio": 1.2, LR: 0.1}, (), "trials[2].real_ratio is 1.2; it must be between 0 and 1"),
        ({"real_ratio": "much", LR: 0.1}, (), "trials[2].real_ratio is 'much'; it must be a number"),
        ({"real_ratio": 0.1, LR: -1}, (), f"trials[2].{LR} is -1; it must be above 0"),
        ({"real_ratio": 0.1}, (), f"trials[2] has no value of {LR}; give one"),
        (
            {"real_rato": 0.1, LR: 0.1},
            (),
            "unknown key 'real_rato' in 'trials[2]'. Did you mean 'real_ratio'?",
        ),
        (
            {"real_ratio": 0.1, LR: 0.1, "training.batch_size": 4},
            (),
            "trials[2].training.batch_size is not searched in 'tiny', where it is the same for all trials",
        ),
        ({"real_ratio": 0.1, LR: 0.1}, (1, 1), "trials[2].seeds[1] is 1, as item [0] is already; remove one"),
        (
            {"real_ratio": 0, LR: 0.1, "control": "copies"},
            (),
            "trials[2].control is 'copies'; it must be one of: copy, noise",
        ),
    ],
)
def test_faults_of_an_arm(point: Point, seeds: tuple[int, ...], fault: str) -> None:
    (said,) = arm_faults(point, spec(), seeds)
    assert said.startswith(fault)


def test_what_all_trials_share_stays_as_it_is() -> None:
    search = {"parameters": {"real_ratio": {"values": [0, 1]}, LR: {"value": 0.1}}}
    of = spec(search=search)
    assert arm_faults({"real_ratio": 0.1}, of) == []
    assert arm_faults({"real_ratio": 0.1, LR: 0.1}, of) == []
    (said,) = arm_faults({"real_ratio": 0.1, LR: 0.2}, of)
    assert said.startswith(f"trials[2].{LR} is 0.2, but all trials of 'tiny' have 0.1; leave it out")


def test_sweep_without_generated_images_stays_all_real() -> None:
    data = {key: value for key, value in tiny_spec(Path())["data"].items() if key != "generated"}
    of = spec(data=data, search={"parameters": {"real_ratio": {"values": [1]}}}, baseline={"real_ratio": 1})
    (said,) = arm_faults({"real_ratio": 0.5}, of)
    assert "names no source of generated images" in said


def test_folder_that_only_an_added_value_leads_to_must_be_there(tmp_path: Path) -> None:
    path = "data.generated.gen.images"
    data = {
        "root": str(tmp_path),
        "real": {"split": "train"},
        "generated": {"gen": {"images": "a", "labels": "ann"}},
        "validation": {"split": "val"},
        "classes": ["x", "y"],
    }
    search = {"parameters": {"real_ratio": {"values": [0, 1]}, path: {"values": ["a", "b"]}}}
    of = spec(data=data, search=search, baseline={"real_ratio": 1})
    (said,) = arm_faults({"real_ratio": 0.5, path: "c"}, of)
    assert said == f"trials[2].{path} needs the folder {tmp_path / 'c'}, which is not there"


names = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)
seed_lists = st.lists(st.integers(0, 2**32 - 1), max_size=3, unique=True)
points = st.fixed_dictionaries(
    {"real_ratio": st.floats(0, 1)}, optional={LR: st.floats(1e-300, 1e300), "data.strategy": st.text()}
)
arms = st.lists(st.tuples(points, seed_lists), max_size=3)
trial_ids = st.lists(st.from_regex(r"t[0-9]{3,4}", fullmatch=True), max_size=3)


@given(name=names, given_arms=arms, continued=trial_ids, comment=st.text())
def test_text_is_read_as_what_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    given_arms: list[tuple[Point, list[int]]],
    continued: list[str],
    comment: str,
) -> None:
    storage = with_sweep(tmp_path_factory.mktemp("storage"), name)
    path = storage / "more.yaml"
    text = extension_text(name, given_arms, continued, storage=storage, comment=comment)
    path.write_bytes(text.encode(errors="replace"))
    if not given_arms and not continued:
        assert [one.message.split(";")[0] for one in load_extension(path).found] == ["adds nothing"]
        return
    loaded = load_extension(path)
    assert loaded.found == ()
    assert loaded.folder == SweepFolder(storage, name)
    assert [(arm.point, list(arm.seeds)) for arm in loaded.arms.values()] == given_arms
    assert list(loaded.continued.values()) == continued


def test_text_reads_well() -> None:
    text = extension_text(
        "ratios",
        [({"real_ratio": 0.07}, [0, 1])],
        ["t003"],
        storage=Path("/data/sweeps"),
        comment="written by `sweep next ratios --budget 40h`",
    )
    assert text == (
        "# written by `sweep next ratios --budget 40h`\n"
        "extends: ratios\n"
        'storage: {path: "/data/sweeps"}\n'
        "trials:\n"
        "  - {real_ratio: 0.07, seeds: [0, 1]}\n"
        "continue: [t003]\n"
    )
