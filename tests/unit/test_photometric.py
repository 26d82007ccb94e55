"""Colours are changed as HSV has it, in whole numbers, and alike for one image and for a batch."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trainables.photometric import Distortion, distort_, distorted_batch, drawn_distortion

colours = st.tuples(*[st.integers(0, 255)] * 3)
contrasts = st.one_of(
    st.tuples(st.integers(32, 96), st.just(64)),
    st.tuples(st.just(64), st.integers(32, 96)),
)
distortions = st.builds(
    lambda brightness, contrast, saturation, hue: Distortion(
        brightness, contrast[0], saturation, hue, contrast[1]
    ),
    st.integers(-32, 32),
    contrasts,
    st.integers(32, 96),
    st.integers(-77, 77),
)


def by_hsv(colour: tuple[int, ...], how: Distortion) -> list[float]:
    """In floating point, by Python's own HSV; each step at most 255, as there is no more in 8 bits."""
    bright = [min(max(channel + how.brightness, 0), 255) for channel in colour]
    first = [min(channel * how.contrast_before / 64, 255) for channel in bright]
    hue, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in first))
    turned = colorsys.hsv_to_rgb(
        (hue + how.hue / (6 * 128)) % 1, min(saturation * how.saturation / 64, 1), value
    )
    return [min(channel * 255 * how.contrast_after / 64, 255) for channel in turned]


@settings(max_examples=300)
@given(colour=colours, how=distortions)
@example(colour=(255, 0, 0), how=Distortion(hue=-77))  # over the end of the circle
@example(colour=(255, 0, 254), how=Distortion(hue=77))
@example(colour=(9, 9, 9), how=Distortion(hue=77, saturation=96))  # grey has no hue
@example(colour=(0, 0, 0), how=Distortion(saturation=96))
def test_colours_are_those_of_hsv(colour: tuple[int, int, int], how: Distortion) -> None:
    image = torch.tensor(colour, dtype=torch.uint8).view(1, 1, 3).clone()
    distort_(image, how)
    assert image.flatten().tolist() == pytest.approx(by_hsv(colour, how), abs=3)  # three roundings, enlarged


def test_single_changes_are_right_to_the_rounding() -> None:
    rng = np.random.default_rng(0)
    image = torch.from_numpy(rng.integers(0, 256, (1, 4000, 3), dtype=np.uint8))
    for how in (Distortion(-20), Distortion(0, 90), Distortion(saturation=40), Distortion(saturation=96),
                Distortion(hue=50), Distortion(hue=-77), Distortion(contrast_after=33)):  # fmt: skip
        changed = image.clone()
        distort_(changed, how)
        expected = torch.tensor([by_hsv(colour, how) for colour in image[0].tolist()])
        assert (changed[0] - expected).abs().max() <= 1.01, how


def test_a_batch_gets_bit_for_bit_what_its_images_would() -> None:
    rng = np.random.default_rng(1)
    drawn = [drawn_distortion(rng) for _ in range(64)]
    images_NHWC = torch.from_numpy(rng.integers(0, 256, (64, 20, 30, 3), dtype=np.uint8))
    batch = distorted_batch(images_NHWC.permute(0, 3, 1, 2), torch.tensor(drawn))
    assert batch.is_contiguous(memory_format=torch.channels_last)
    for image, changed, how in zip(images_NHWC, batch, drawn, strict=True):
        distort_(image, how)
        assert torch.equal(changed.permute(1, 2, 0), image), how


def test_large_images_are_changed_in_parts_that_do_not_show() -> None:
    image = torch.from_numpy(np.random.default_rng(2).integers(0, 256, (700, 500, 3), dtype=np.uint8))
    how = Distortion(10, 70, 90, 30)
    whole = distorted_batch(image.permute(2, 0, 1)[None], torch.tensor([how]))[0].permute(1, 2, 0)
    framed = torch.zeros((702, 502, 3), dtype=torch.uint8)
    inside = framed[1:-1, 1:-1].copy_(image)
    distort_(inside, how)
    assert torch.equal(inside, whole)
    assert int(framed.sum()) == int(inside.sum())


def test_draws_cover_mmsegmentations_ranges_and_leave_out_half() -> None:
    rng = np.random.default_rng(3)
    drawn = np.array([drawn_distortion(rng) for _ in range(4000)])
    neutral = np.array(Distortion())
    untouched = (drawn == neutral).mean(0)
    assert untouched == pytest.approx([0.5, 0.75, 0.5, 0.5, 0.75], abs=0.04)
    assert drawn.min(0).tolist() == [-32, 32, 32, -77, 32]
    assert drawn.max(0).tolist() == [32, 96, 96, 77, 96]
    assert not ((drawn[:, 1] != 64) & (drawn[:, 4] != 64)).any()  # contrast once, first or last
