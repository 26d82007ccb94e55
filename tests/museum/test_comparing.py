"""Two numbers that were never comparable.

A score belongs to an iteration, a validation set, a definition and a way of training. Take one away and a
table still looks like a table.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from sweep.errors import TableError
from sweep.importers import ImportTerms, join, read, state_of_csv
from sweep.importers.aliases import aliased
from sweep.importers.mmsegmentation import read_mmsegmentation
from sweep.plan import regime_id
from sweep.results import comparable
from sweep.spec import spec_from_dict
from tests.builders import sweep_state
from tests.mmengine_logs import config_text, rows, write_attempt
from tests.specs import tiny_spec
from tests.unit.test_driver import make_driver, report, trial_of
from tests.unit.test_join import run_of
from trainables.metrics import PixelCounter, scores


def test_2000_that_was_written_down_as_2050(tmp_path: Path) -> None:
    """A validation at 2000, remembered as 2050.

    What happened: The trainer validated at 2000 and went on; the next line of its log said 2050, and that
    was the number that went into the note beside the score. Other logs write 0 for the iteration of every
    validation.

    How it looked: Plausible. One note says 2000, the other 2050, and a scheduler that asks for at least
    2000 takes either.

    What we do: Trials validate at exactly the rungs. In logs, the iteration of a validation is that of
    the training line before it, whatever the log says, and a note says so. A 2050 that was written by
    hand is taken for the validation at 2000 where a rung or a log shows one within the log interval, and
    never silently.
    """
    write_attempt(tmp_path / "ratio0p5", "20240506_100000", rows({2000: 34.45}, step="after"))
    written = json.loads(
        (tmp_path / "ratio0p5/20240506_100000/vis_data/scalars.json").read_text().splitlines()[40]
    )
    assert written["step"] == 2050, "the trap"
    (run,) = read_mmsegmentation(tmp_path).runs
    assert [one.iteration for one in run.validations] == [2000]
    assert "training line after them" in run.notes[0]
    moved = aliased(run_of(values={2050: 33.61}), {2000}, 50)
    assert moved.validations[0].iteration == 2000
    assert "2050 is taken for the validation at 2000" in moved.notes[0]


def test_a_validation_score_beside_a_test_score(tmp_path: Path) -> None:
    """A validation score beside a test score.

    What happened: Training logs were scored by mmsegmentation's definition; the project's test script
    counted only classes that occur in the labels. On one toy image the two give 61.11 and 91.67.

    How it looked: One column "mIoU", sorted.

    What we do: Every score carries a protocol id, a hash of the validation set, the labels and the
    definition. Tables that mix them are refused; an import keeps both and ranks only those of the sweep's
    own protocol, with the reason beside the others.
    """
    mixed = tmp_path / "mixed.csv"
    mixed.write_text("real_ratio,seed,val_miou,split\n1,0,44.66,val\n0.5,0,52.10,test\n")
    with pytest.raises(TableError, match="protocol_id differs between rows: such scores cannot be compared"):
        state_of_csv(mixed)
    state = sweep_state()
    for event in join(state, read([str(mixed)]), ImportTerms(), [str(mixed)]).events:
        state.apply(event)
    tested = next(
        trial for trial in state.trials.values() if trial.imported and trial.imported.protocol_id == "test"
    )
    assert (
        state.why_apart(tested) == f"measured under another protocol, test, not {state.created.protocol_id}"
    )
    assert tested.trial_id not in comparable(state).trials


def test_a_mean_over_images_that_is_called_miou() -> None:
    """A mean over images that is called mIoU.

    What happened: `torchmetrics.segmentation.MeanIoU` averages the IoU of each image; mmsegmentation sums
    intersections and unions over the whole set first.

    How it looked: Both are called mIoU. They differ by more than any effect of the ratio.

    What we do: One definition, mmsegmentation's, checked against an independent implementation, and its
    name is part of the protocol id. Pixel counts of every class are kept, so that any other definition
    can be computed later.
    """
    counter = PixelCounter(2, 255)
    images = [
        (torch.tensor([[[0, 0, 0, 1]]]), torch.tensor([[[0, 0, 0, 0]]])),
        (torch.tensor([[[1]]]), torch.tensor([[[1]]])),
    ]
    for prediction, label in images:
        counter.add(prediction, label)
    own = []
    for prediction, label in images:
        alone = PixelCounter(2, 255)
        alone.add(prediction, label)
        own.append(scores(alone.counts())["val_miou"])
    assert sum(own) / 2 == pytest.approx(68.75), "the trap: the mean of 37.5 and 100"
    assert scores(counter.counts())["val_miou"] == pytest.approx(62.5)


def test_a_baseline_that_was_augmented_otherwise(tmp_path: Path) -> None:
    """A baseline that was augmented otherwise.

    What happened: The configurations of the mixed runs had another pipeline than that of the baseline,
    with photometric distortion, which changes more than the ratio does.

    How it looked: An effect of generated images, which was, for all anybody knows, one of the distortion.

    What we do: A regime id, a hash of all that changes training and is not searched. Within a sweep there
    is one regime. An import hashes the dumped configurations without ratio, seed and output paths: a
    baseline with another pipeline is of another regime, is shown, and is not what the others are compared
    with.
    """
    plain = spec_from_dict(tiny_spec(tmp_path))
    jitter = tiny_spec(tmp_path)
    jitter["training"] |= {"augmentation": {"photometric": False}}
    assert regime_id(plain) != regime_id(spec_from_dict(jitter))
    pipelines = {"baseline": "dict(type='RandomFlip')", "ratio0p50": "dict(type='PhotoMetricDistortion')"}
    for name, pipeline in pipelines.items():
        text = config_text(tmp_path / name, pipeline=pipeline)
        write_attempt(tmp_path / "runs" / name, "20240506_100000", rows({2000: 34.0}), text)
    ids = [run.regime_id for run in read_mmsegmentation(tmp_path / "runs").runs]
    assert len(set(ids)) == 2


def test_a_rung_that_a_later_value_fills(tmp_path: Path) -> None:
    """A rung that is filled by a later value.

    What happened: Ray's ASHA takes the first result at or after its milestone. A trial that validates at
    2500 is held against others at 2000, and 500 iterations are worth several points there.

    How it looked: The trial that reports late is ahead, and the others are stopped.

    What we do: Nothing that was measured elsewhere enters a rung. A trial that reports between two rungs
    is shown there and judged nowhere.
    """
    driver = make_driver(tmp_path)
    driver.handle(trial_of(driver, 1.0), report(4, 40.0))
    late = trial_of(driver, 0.0)
    assert driver.handle(late, report(5, 99.0)), "it goes on"
    assert driver.state.trials[late].judged == {}
    assert driver.state.values_at(4, "val_miou") == {trial_of(driver, 1.0): 40.0}
