"""`sweep pack`: what it says, and how it fails."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.terminal import Terminal

SPEC = """
name: packed
data:
  root: {root}
  real: {{images: images, labels: labels}}
  generated:
    scenes: {{scenes: aligned, count: 4}}
  validation: {{images: validation, labels: labels}}
  classes: [a, b, c]
training: {{iterations: 10, crop_size: [16, 16]}}
search: {{parameters: {{real_ratio: {{values: [1.0]}}}}}}
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGSWEEP_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    for folder, stems in (("images", "xyz"), ("validation", "v"), ("labels", "xyzv")):
        for stem in stems:
            path = tmp_path / folder / f"{stem}{'.png' if folder == 'labels' else '.jpg'}"
            path.parent.mkdir(exist_ok=True)
            shape = (20, 30) if folder == "labels" else (20, 30, 3)
            Image.fromarray(rng.integers(0, 3, shape, dtype=np.uint8)).save(path)
    path = tmp_path / "packed.yaml"
    path.write_text(SPEC.format(root=tmp_path))
    return path


def test_every_folder_is_packed_once(sweep: Terminal, spec: Path) -> None:
    first, second = sweep("pack", str(spec)), sweep("pack", str(spec), "--verify")
    assert first.code == second.code == 0
    assert re.search(
        r"^data\.real: 3 images, 0\.00 GB, packed in [\d.]+ s: .*/packs/images-\w{16}$", first.out, re.M
    )
    assert "data.generated.scenes: is no folder, nothing to pack" in first.out
    assert re.search(r"^data\.validation: 1 images, .* GB, packed in", first.out, re.M)
    assert second.out.count("up to date") == 2


def test_all_faults_are_told_at_once(sweep: Terminal, spec: Path) -> None:
    (spec.parent / "images/x.jpg").write_bytes(b"no picture")
    (spec.parent / "labels/v.png").unlink()
    done = sweep("pack", str(spec))
    assert done.code == 2
    assert re.search(r"data\.real: .*/x\.jpg: cannot be read as an image", done.err)
    assert re.search(r"data\.validation: .*/v\.jpg: has no label", done.err)
    assert "Traceback" not in done.err


def test_without_room_it_says_so(sweep: Terminal, spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (spec.parent / "file").touch()
    monkeypatch.setenv("SEGSWEEP_CACHE", str(spec.parent / "file"))
    done = sweep("pack", str(spec))
    assert done.code == 2
    assert re.search(r"data\.real: cannot be packed: .*file", done.err)
