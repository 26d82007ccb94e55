"""Labels that did not belong to their images.

A training on wrong labels does not fail. It learns a little less.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.test_folders import add_pair, opened, save
from tests.unit.test_pairs import folders
from trainables.contract import DataError


def test_labels_found_by_replacing_text_in_a_path() -> None:
    """Labels found by replacing text in a path.

    What happened: The label of an image was its path with `/images/` replaced by `/labels/` and the
    suffix by `.png`, wherever they occurred: also in the name of a folder above, and not at all in data
    sets whose labels end otherwise, such as `_gtFine_labelTrainIds.png`.

    How it looked: It works for most data sets. Where nothing is replaced, the path is that of the image
    itself, which exists.

    What we do: Folders and suffixes of images and labels are named in the spec, only the end of a name is
    replaced, and what is not found is an error before the first step.
    """
    image = "/data/images/run.jpg.d/images/ulm_0_leftImg8bit.png"
    assert image.replace("/images/", "/labels/").replace(".jpg", ".png") == (
        "/data/labels/run.png.d/labels/ulm_0_leftImg8bit.png"
    ), "the trap"
    paired = folders({"split": "train"}, layout="cityscapes")
    found = paired.label_path(Path("/data/leftImg8bit/train/ulm/ulm_0_leftImg8bit.png"))
    assert found == Path("/data/gtFine/train/ulm/ulm_0_gtFine_labelTrainIds.png")
    odd = folders({"images": "i", "labels": "l"}).label_path(Path("/data/i/a.jpg.d/b.jpg"))
    assert odd == Path("/data/l/a.jpg.d/b.png")


def test_a_label_that_is_missing(tmp_path: Path) -> None:
    """A label that is missing.

    What happened: Whether a label exists was never checked.

    How it looked: A training that stops hours later, or goes on with fewer images, nobody knows how many.

    What we do: Every pair is looked for before anything starts, and all that are missing are counted in
    one error with the first of them named. What folders hold is hashed, and a trial that finds something
    else than its sweep began with ends.
    """
    for stem in "abc":
        _, label = add_pair(tmp_path, stem)
        if stem != "a":
            label.unlink()
    with pytest.raises(DataError, match=r"b\.jpg: has no label; .*b\.png is missing \(2 of 3 images"):
        opened(tmp_path)


def test_a_class_that_is_in_no_list(tmp_path: Path) -> None:
    """A label id that is in no list of classes.

    What happened: Label files hold original ids (26 for a car) where training ids (13) are expected. The
    metric's histogram drops what lies beyond the last class without a word; the loss, on a GPU, ends in a
    device-side assert.

    How it looked: A plausible mIoU over the few classes whose ids happened to fit.

    What we do: A label with an id that is neither a class nor ignored is refused, with the file, the ids
    and how many pixels have them; `sweep plan` looks before a GPU is touched, and `data.label_map` maps
    them.
    """
    _, label = add_pair(tmp_path)
    ids = np.zeros((4, 4), dtype=np.uint8)
    ids[0, 0] = 26
    histogram = np.histogram(ids, bins=3, range=(0, 2))[0]
    assert histogram.sum() == ids.size - 1, "the trap: a pixel is gone"
    save(label, ids)
    with pytest.raises(DataError, match="26"):
        opened(tmp_path)[0]
