import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sweep.errors import StorageError
from sweep.ledger import SweepState
from sweep.report import fair_frame, fair_table, markdown, write_report
from sweep.report.pages import page
from sweep.results import class_table, report_table, trial_table
from sweep.spec import load_spec, spec_from_dict
from tests.builders import sweep_state

NAN = float("nan")
RATIOS = (1.0, 0.5, 0.125)
EVERY = {(f"real_ratio={ratio}", seed) for ratio in RATIOS for seed in (0, 1)}

PARTIAL: dict[str, dict[str, Any]] = {
    "no_trial": {"arms": []},
    "none_started": {"arms": RATIOS, "waiting": EVERY, "outcome": None},
    "none_reported": {"arms": RATIOS, "running": dict.fromkeys(EVERY, 5), "outcome": None},
    "one_seed": {"arms": RATIOS, "seeds": [0]},
    "one_arm": {"arms": [1.0]},
    "all_failed": {"arms": RATIOS, "failed": dict.fromkeys(EVERY, 17)},
    "baseline_failed": {"arms": RATIOS, "failed": {("real_ratio=1.0", 0): 17, ("real_ratio=1.0", 1): 80}},
    "no_baseline": {"arms": RATIOS[1:]},
    "all_nan": {"arms": RATIOS, "curve": lambda *_: NAN},
    "midway": {"arms": RATIOS, "running": dict.fromkeys(EVERY, 160), "outcome": None},
    "interrupted": {"arms": RATIOS, "running": dict.fromkeys(EVERY, 160), "outcome": "interrupted"},
    "only_one_rung": {"arms": RATIOS, "rungs": [300], "validate_every": None},
    "other_metric": {"arms": RATIOS, "metric": "val_macc"},
    "two_parameters": {
        "arms": [1.0, *({"real_ratio": r, "data.strategy": s} for r in (0.5, 0.0) for s in ("night", "day"))]
    },
    "many_settings": {
        "arms": [{"real_ratio": i / 20, "training.optimizer.lr": 0.001 * (i + 1)} for i in range(21)],
        "seeds": [0],
    },
}


@pytest.fixture
def state() -> SweepState:
    return sweep_state(arms=RATIOS, stopped={("real_ratio=0.125", 1): 60}, failed={("real_ratio=0.5", 0): 95})


@pytest.mark.parametrize("name", PARTIAL)
def test_any_partial_state_makes_a_whole_report(tmp_path: Path, name: str) -> None:
    state = sweep_state(**PARTIAL[name])
    files = write_report(state, tmp_path / "report")
    assert len(files.all) == 2 + 14 + 6 + 1
    assert all(path.stat().st_size > 0 for path in files.all)
    text = files.page.read_text()
    for title in ("# Sweep fake", "## Fair comparison", "## Images", "## Early stopping", "## How to make"):
        assert title in text
    assert "None" not in text and "nan" not in text


def test_the_page_links_only_files_that_are_there(tmp_path: Path, state: SweepState) -> None:
    files = write_report(state, tmp_path)
    links = set(re.findall(r"\]\(([^)]+)\)", files.page.read_text()))
    assert links == {path.name for path in (*files.tables, *files.figures)}
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in files.all}
    beside = set(re.findall(r'href="([^"#]+)"', files.html.read_text()))
    assert beside == {path.name for path in files.all if path != files.html}


def test_tables_come_back_as_they_were_computed(tmp_path: Path, state: SweepState) -> None:
    write_report(state, tmp_path)
    made = {
        "fair_comparison": fair_frame,
        "trials": trial_table,
        "reports": report_table,
        "classes": class_table,
    }
    for name, table_of in made.items():
        expected = table_of(state)
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / f"{name}.parquet"), expected)
        from_csv = pd.read_csv(tmp_path / f"{name}.csv", keep_default_na=True)
        assert list(from_csv.columns) == list(expected.columns)
        assert len(from_csv) == len(expected)


def test_the_same_state_gives_the_same_bytes(tmp_path: Path, state: SweepState) -> None:
    first, second = write_report(state, tmp_path / "a"), write_report(state, tmp_path / "b")
    for one, other in zip(first.all, second.all, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_a_second_report_replaces_the_first_and_leaves_no_parts(tmp_path: Path, state: SweepState) -> None:
    write_report(sweep_state(arms=[]), tmp_path)
    files = write_report(state, tmp_path)
    assert "No trial has reached" not in files.page.read_text().split("## Fair")[0]
    assert not list(tmp_path.glob(".*"))


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path: Path, state: SweepState) -> None:
    (tmp_path / "report").write_text("a file is in the way")
    with pytest.raises(StorageError, match="cannot write the report"):
        write_report(state, tmp_path / "report")


def test_a_write_that_breaks_off_leaves_the_old_file(
    tmp_path: Path, state: SweepState, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = write_report(state, tmp_path)
    before = files.page.read_bytes()

    def no_space(self: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_space)
    with pytest.raises(StorageError, match="No space left on device"):
        write_report(sweep_state(arms=[]), tmp_path)
    assert files.page.read_bytes() == before
    assert not list(tmp_path.glob(".*"))


class TestPage:
    def test_rungs_come_last_first_and_each_holds_its_own_numbers(self, state: SweepState) -> None:
        text = page(state)
        places = [text.index(f"### Iteration {rung}") for rung in (300, 150, 60)]
        assert places == sorted(places)
        row = fair_table(state, 150).rows[0]
        part = text[places[1] : places[2]]
        assert f"| 1.0 | 2 | {row.miou.mean:.2f} ± {row.miou.sd:.2f} |" in part

    def test_it_says_what_was_stopped_and_what_failed_and_why(self, state: SweepState) -> None:
        text = page(state)
        assert "- Rung 60: 5 continue, 1 stop" in text
        assert "| t005 | real_ratio=0.125 | it is below the cut-off | 1 | 60 |" in text
        assert "| t002 | real_ratio=0.5 | image img/0007.jpg cannot be read | 0 | 95 |" in text

    def test_it_says_what_was_trained_on(self, state: SweepState) -> None:
        # 2400 images at the last iteration, 480 where seed 1 was stopped
        assert "| real_ratio=0.125 | 0.125 | 0.125 | 60 to 300 | 420 to 2100 | 40 | 40 |" in page(state)

    def test_it_names_all_that_is_needed_to_make_it_again(self, state: SweepState) -> None:
        text = page(state)
        for needed in ("0123456789abcdef", "protocol-1", "regime-1", "torch 2.15.0", state.created.spec_text):
            assert needed in text

    def test_its_first_spec_is_the_one_that_was_run(self, tmp_path: Path, state: SweepState) -> None:
        path = tmp_path / "fake.yaml"
        path.write_text(re.findall(r"^```yaml\n(.*?)^```$", page(state), re.M | re.S)[0])
        assert load_spec(path).spec == spec_from_dict(state.created.spec)

    @pytest.mark.parametrize(
        ("name", "says"),
        [
            ("none_started", "Status: not finished; its driver is at work or was killed"),
            ("interrupted", "Trials: 6 in 3 arms: 6 interrupted"),
            ("no_trial", "No trial has been judged yet."),
            ("none_reported", "No trial has reported yet."),
            ("one_seed", "No difference is shown at iteration 300: every arm has one seed."),
            ("midway", "No trial has reached iteration 300: there is nothing to compare there."),
        ],
    )
    def test_it_says_how_far_the_sweep_is(self, name: str, says: str) -> None:
        assert says in page(sweep_state(**PARTIAL[name]))

    def test_its_first_verdict_is_that_of_the_last_rung_reached(self) -> None:
        lead = page(sweep_state(**PARTIAL["midway"])).split("\n\n")[1]
        assert "iteration 150" in lead


class TestMarkdown:
    def test_text_cannot_leave_its_cell_or_become_markup(self) -> None:
        made = markdown.table(["a", "b"], [["x|y", "two\nlines"], ["<b>", "[link](to)"]], text=["a"])
        assert made.splitlines() == [
            "| a | b |",
            "| :-- | --: |",
            r"| x\|y | two lines |",
            r"| \<b\> | \[link\](to) |",
        ]

    def test_a_fence_is_longer_than_any_in_the_text(self) -> None:
        assert markdown.fenced("a\n````\nb") == "`````\na\n````\nb\n`````"
