"""`training.fairness: fixed_total_set`: as many different images for every share of real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.errors import SpecError
from sweep.plan import mixtures, plan_text, regime_id
from sweep.report import fair_table, notes, page
from sweep.spec import check_data, load_spec, spec_from_dict
from tests.builders import sweep_state
from tests.specs import tiny_spec, write_spec
from tests.trials import scenes, small_trial
from trainables.contract import TrialError
from trainables.contract.fixed_set import set_sizes
from trainables.local import FolderSession
from trainables.mixing import members_of_set
from trainables.segmentation import train
from trainables.sources import training_sources


@given(
    st.decimals(0, 1, places=4),
    st.integers(1, 5000),
    st.dictionaries(st.sampled_from("abcd"), st.floats(0.01, 100), min_size=1),
)
def test_sizes_add_up_and_are_the_nearest(ratio: Any, total: int, weights: dict[str, float]) -> None:
    real, generated = set_sizes(float(ratio), total, weights)
    assert real + sum(generated.values()) == total
    assert abs(real - total * ratio) <= 0.5
    whole = sum(weights.values())
    for name, size in generated.items():
        assert abs(size - (total - real) * weights[name] / whole) < 1


def test_sizes_by_hand() -> None:
    assert set_sizes(0.25, 10, {"a": 1, "b": 1}) == (3, {"a": 4, "b": 3})
    assert set_sizes(1.0, 10, {"a": 1}) == (10, {"a": 0})
    assert set_sizes(1.0, 10, {}) == (10, {})


def test_a_larger_set_holds_the_smaller_and_seeds_differ() -> None:
    small, large = members_of_set(5, 20, 0, "real"), members_of_set(12, 20, 0, "real")
    assert set(small) < set(large)
    assert len(set(large)) == 12
    assert set(small) != set(members_of_set(5, 20, 1, "real"))
    assert members_of_set(20, 20, 0, "real") != members_of_set(20, 20, 0, "generated")


def fixed(real_ratio: float, **changes: Any) -> Any:
    config = small_trial(real_ratio, **changes)
    return config.model_copy(
        update={"training": config.training.model_copy(update={"fairness": "fixed_total_set"})}
    )


@pytest.mark.parametrize("real_ratio", [0.0, 0.25, 0.5, 1.0])
def test_the_train_step_sees_as_many_different_images_at_every_share(
    tmp_path: Path, real_ratio: float
) -> None:
    config = fixed(real_ratio)
    total = config.data.real.count
    session = FolderSession(tmp_path)
    train(config, session)
    mixture = session.reports[-1].mixture
    real, generated = set_sizes(real_ratio, total, config.generated_weights())
    assert mixture.realised_real_ratio == pytest.approx(real_ratio, abs=0.02)
    assert mixture.distinct_real == min(real, mixture.real_images)
    drawn = sum(mixture.generated_images.values())
    assert mixture.distinct_generated == min(sum(generated.values()), drawn)


def test_a_copy_stands_in_for_the_real_images_that_are_left_out() -> None:
    """Else an A/A test would compare sets with different numbers of scenes."""
    config = fixed(0.5).model_copy(update={"control": "copy"})
    sources = training_sources(config)
    names = [own.name(index) for own in sources.values() for index in range(len(own))]
    assert len(names) == len(set(names)) == config.data.real.count


def test_sources_too_small_for_their_part_are_named() -> None:
    data = {"generated": {"generated": scenes("aligned", 2, seed=2)}}
    config = fixed(0.5)
    config = config.model_copy(
        update={"data": type(config.data).model_validate({**config.data.model_dump(mode="json"), **data})}
    )
    with pytest.raises(TrialError, match=r"at real_ratio 0\.5 .* of generated, which has 2; make more"):
        training_sources(config)


def spec_values(fairness: str | None = None, **sections: Any) -> dict[str, Any]:
    values = tiny_spec(Path("sweeps"), **sections)
    if fairness is not None:
        values["training"]["fairness"] = fairness
    return values


def test_the_default_changes_no_regime() -> None:
    plain, default, other = (
        spec_from_dict(spec_values(fairness)) for fairness in (None, "equal_iterations", "fixed_total_set")
    )
    assert regime_id(plain) == regime_id(default) != regime_id(other)
    assert "fairness" not in plain.model_dump(mode="json")["training"]
    assert spec_from_dict(other.model_dump(mode="json")).training.fairness == "fixed_total_set"


def test_the_plan_counts_passes_over_the_set() -> None:
    rows = {row.real_ratio: row for row in mixtures(spec_from_dict(spec_values("fixed_total_set")))}
    images = 12 * 2
    assert rows[0.5].real_passes == pytest.approx((images / 2) / 3)
    assert rows[0.5].generated_passes == pytest.approx((images / 2) / 3)
    assert rows[0.0].generated_passes == rows[1.0].real_passes == pytest.approx(images / 6)
    assert "0.5" in plan_text(spec_from_dict(spec_values("fixed_total_set")))


def test_what_cannot_be_filled_is_a_fault_before_anything_runs(tmp_path: Path) -> None:
    values = tiny_spec(tmp_path / "sweeps")
    values["training"]["fairness"] = "fixed_total_set"
    values["data"]["generated"]["gen"]["count"] = 4
    values["search"]["parameters"]["real_ratio"]["values"] = [0, 0.05, 0.5, 1]
    with pytest.raises(SpecError) as caught:
        check_data(load_spec(write_spec(tmp_path / "spec.yaml", values)))
    assert [fault.path for fault in caught.value.faults] == ["training.fairness"] * 3
    assert "at real_ratio 0 the set of 6 images has 6 of data.generated.gen, which has 4; make" in str(
        caught.value
    )
    assert "at real_ratio 0.05 the set of 6 images has 0 of data.real" in str(caught.value)


def test_of_a_range_of_shares_both_ends_are_looked_at(tmp_path: Path) -> None:
    values = tiny_spec(tmp_path / "sweeps")
    values["training"]["fairness"] = "fixed_total_set"
    values["search"] |= {
        "method": "random",
        "trials": 3,
        "parameters": {"real_ratio": {"min": 0.5, "max": 0.95}},
    }
    values["baseline"] = {"real_ratio": 0.5}
    with pytest.raises(SpecError) as caught:
        check_data(load_spec(write_spec(tmp_path / "spec.yaml", values)))
    assert "at real_ratio 0.95 the set of 6 images has 0 of data.generated.gen" in str(caught.value)


def test_a_trainer_of_ones_own_has_its_own_set() -> None:
    with pytest.raises(SpecError, match=r"training\.fairness is fixed_total_set, but trainable"):
        spec_from_dict({**spec_values("fixed_total_set"), "trainable": "my.own:train"})


def test_tables_say_which() -> None:
    state = sweep_state()
    assert not any("Fixed total set" in note for note in notes(fair_table(state, state.rungs[-1])))
    assert "- Fairness: equal iterations" in page(state)
    state.created.spec["training"]["fairness"] = "fixed_total_set"
    assert any("Fixed total set" in note for note in notes(fair_table(state, state.rungs[-1])))
    assert "- Fairness: fixed total set" in page(state)
