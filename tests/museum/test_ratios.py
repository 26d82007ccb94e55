"""The ratio that was asked for was not the one that was trained.

Most of these come from one code base, whose tables began this project: a share of real images of 0 to 1,
in batches of 8, for PSPNet on BDD10k. Others come from mmdetection, PyTorch and mmengine.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice

import pytest
import torch
from torch.utils.data import WeightedRandomSampler

from sweep.importers.ratio_names import ratio_of_name
from sweep.importers.rounding import as_trained, trained_ratio
from tests.unit.test_join import run_of
from trainables.contract import RealRatioError, TrialError
from trainables.mixing import REAL, MixedStream, MixtureCounter, Position, Recipe

SIZES = {REAL: 40, "gan": 40}


def recipe(real_ratio: float, **changes: int) -> Recipe:
    return Recipe(real_ratio, SIZES | changes, {"gan": 1.0}, 8, seed=0)


def real_share(real_ratio: float, batches: int = 200) -> float:
    """Of what our stream draws."""
    drawn = [
        draw.source
        for batch in MixedStream(recipe(real_ratio)).batches(Position(), batches)
        for draw in batch
    ]
    return drawn.count(REAL) / len(drawn)


class TrainLoop:
    """mmengine's IterBasedTrainLoop, as far as it matters: the iterator is made once, when the loop is."""

    def __init__(self, loader: Sequence[str]) -> None:
        self.dataloader = loader
        self.dataloader_iterator = self._endless(loader)

    def run(self, iterations: int) -> list[str]:
        return list(islice(self.dataloader_iterator, iterations))

    @staticmethod
    def _endless(loader: Sequence[str]) -> Iterator[str]:
        while True:
            yield from loader


def test_a_loader_that_the_loop_never_reads() -> None:
    """A mixed loader that the training loop never reads.

    What happened: The mixed loader was installed by setting an attribute of the train loop after the
    Runner was built. mmengine's loop reads an iterator that it made in its constructor, so the attribute
    was never looked at again.

    How it looked: Every ratio trained on real images alone. Runs that were labelled 0, 0.25 and 0.75
    ended within 0.32 points of each other, so that generated images seemed to cost nothing. A check
    printed what a fresh copy of the sampler would have drawn, and that was right.

    What we do: The train step counts the tags of the images it consumes, and a trial whose share is off
    ends with an error. The same inside mmsegmentation: a sampler and a hook of ours, tested in mmengine's
    real loop.
    """
    loop = TrainLoop([REAL] * 8)
    loop.dataloader = ["gan"] * 8
    consumed = loop.run(120)
    assert consumed == [REAL] * 120, "the trap: generated images were asked for"
    counter = MixtureCounter(recipe(0.0))
    with pytest.raises(RealRatioError, match=r"has consumed 8 real images of 8; 0\.0 were due"):
        for start in range(0, 120, 8):
            counter.count(consumed[start : start + 8], range(8))
            counter.check()


def test_a_floor_of_one_image() -> None:
    """`max(1, int(batch_size * ratio))`: zero is never zero.

    What happened: A batch got at least one real image, so that 0.0 trained at 1 of 8. The same rule,
    every source gets at least one slot, is in a batch sampler that was proposed to rf-detr (#1286).

    How it looked: The label said 0.0, the job's name said 0.0, and the score was that of 0.125. Whatever
    was said of generated images alone was said of a mixture.

    What we do: Zero slots are legal, and 0 is 0. An import of such runs with `--batch-size 8 --rounding
    max1` says what was trained, and puts them into the arm of 0.125.
    """
    assert max(1, int(8 * 0.0)) / 8 == 0.125, "the trap"
    assert real_share(0.0) == 0
    assert trained_ratio(0.0, 8, "max1") == 0.125
    (run,), _ = as_trained((run_of(0.0),), 8, "max1")
    assert run.parameters["real_ratio"] == 0.125
    assert "asked for real_ratio 0, trained 0.125" in run.notes[0]


def test_six_ratios_that_are_four_mixtures() -> None:
    """Six ratios that are four mixtures.

    What happened: The fix for the floor of one was `int(batch_size * ratio)`. In batches of 8 the ratios
    0.05, 0.10, 0.15, 0.20, 0.30 and 0.40 become 0, 0, 1, 1, 2 and 3 real images.

    How it looked: A plan of six points on a curve. Two pairs of them would have been the same training
    twice, and their difference, pure noise, the slope between them.

    What we do: Error diffusion over batches: 0.05 is two real images in every five batches of 8, exactly,
    in the long run. `sweep plan` prints the pattern. An import says which ratios collapsed, and makes one
    arm of them.
    """
    asked = [0.05, 0.10, 0.15, 0.20, 0.30, 0.40]
    assert [int(8 * ratio) for ratio in asked] == [0, 0, 1, 1, 2, 3], "the trap"
    assert [real_share(ratio) for ratio in asked] == asked
    runs = tuple(run_of(ratio, name=str(ratio)) for ratio in asked)
    trained, notes = as_trained(runs, 8, "int")
    assert len({run.parameters["real_ratio"] for run in trained}) == 4
    assert "0.05 and 0.1 were all trained as 0, 0 of 8 real: they are one arm" in notes


class MultiSourceSampler:
    """mmdetection 3.3's, as far as it matters: the first source gets what is left, each fills its slots."""

    def __init__(
        self, source_ratio: Sequence[float], batch_size: int, sizes: Sequence[int], seed: int = 0
    ) -> None:
        total = sum(source_ratio)
        self.slots = [int(batch_size * ratio / total) for ratio in source_ratio]
        self.slots[0] = batch_size - sum(self.slots[1:])
        self.orders = [self._order(size, seed) for size in sizes]

    def batch(self, patience: int = 1000) -> list[list[int]]:
        """Indices by source; gives up where the original never ends."""
        batch: list[list[int]] = []
        for slots, order in zip(self.slots, self.orders, strict=True):
            own: list[int] = []
            while True:
                own.append(next(order))
                patience -= 1
                if len(own) == slots:
                    break
                if patience == 0:
                    raise TimeoutError("the sampler never ends")
            batch.append(own)
        return batch

    @staticmethod
    def _order(size: int, seed: int) -> Iterator[int]:
        generator = random.Random(seed)  # the same for every source
        while True:
            yield from generator.sample(range(size), size)


def test_a_source_without_slots_that_hangs_the_sampler() -> None:
    """A source with no slots, and a sampler that never ends.

    What happened: A sampler takes images of a source until it has as many as the source has slots. With
    none, the count has passed the mark before it is looked at. (mmdetection 3.3, MultiSourceSampler; real
    first it hangs at 0, 0.88, 0.95 and 1.0. Its sibling hangs where a group is empty: mmdetection
    #12327.)

    How it looked: The job hangs in its first batch, without a message.

    What we do: Sources without slots are legal at any ratio and any batch size; a source that cannot give
    what it must, because it has no images, is an error before the first step.
    """
    with pytest.raises(TimeoutError):
        MultiSourceSampler([1.0, 0.0], 8, [40, 40]).batch()
    assert (real_share(1.0), real_share(0.0)) == (1.0, 0.0)
    with pytest.raises(TrialError, match=r"data\.generated\.gan is empty"):
        recipe(0.5, gan=0)


def test_real_and_generated_images_that_always_come_in_pairs() -> None:
    """Real image i always beside generated image i.

    What happened: Every source was shuffled with the same seed. Sources of equal size, as one generated
    image for every real one makes them, get the same order.

    How it looked: Nothing looked wrong. Every batch held an image and its own copy, so a batch of 8 had
    the variety of 4, and the measured effect of generated images was that of smaller batches.

    What we do: Every source has its own order, by its name and the seed, and a new one in every pass.
    """
    real, generated = MultiSourceSampler([0.5, 0.5], 8, [40, 40]).batch()
    assert real == generated, "the trap"
    batches = MixedStream(recipe(0.5)).batches(Position(), 10)
    together = 0
    for batch in batches:
        by_source = {name: {draw.index for draw in batch if draw.source == name} for name in SIZES}
        together += len(by_source[REAL] & by_source["gan"])
    assert together <= 12, "4 of 40 fit by chance in each of 10 batches: 4 are expected, 40 were paired"


def test_a_result_that_depends_on_the_order_of_the_sources() -> None:
    """The first source in the list gets the rest.

    What happened: Slots of all sources but the first are cut to whole images; the first one gets what is
    left. At 0.62 in batches of 8 that is 5 real images where real comes first, and 4 where it comes last.

    How it looked: Two configurations that said the same trained 0.625 and 0.5.

    What we do: Sources are taken in the order of their names, whatever the order in the file, and shares
    are exact.
    """
    real_first = MultiSourceSampler([0.62, 0.38], 8, [40, 40]).slots[0]
    real_last = MultiSourceSampler([0.38, 0.62], 8, [40, 40]).slots[1]
    assert (real_first, real_last) == (5, 4), "the trap"
    weights = {"fog": 2.0, "night": 1.0}
    sizes = {REAL: 9, "fog": 9, "night": 9}
    one = Recipe(0.62, sizes, weights, 8, seed=0)
    other = Recipe(0.62, dict(reversed(sizes.items())), dict(reversed(weights.items())), 8, seed=0)
    assert list(MixedStream(one).batches(Position(), 20)) == list(MixedStream(other).batches(Position(), 20))


def test_a_batch_without_any_real_image() -> None:
    """A batch by lot.

    What happened: A weighted random sampler draws each image by itself. The share is right on average
    only: at 0.125 in batches of 8 a third of the batches has no real image at all, and it draws with
    replacement, so that an epoch misses about 37 % of the images.

    How it looked: Right: logs show averages. (It has no form for several processes either: pytorch
    #77154.)

    What we do: The number of real images never strays from the share by one, in any prefix of the stream,
    and every pass over a source sees each image once.
    """
    weights = [0.125 / 40] * 40 + [0.875 / 40] * 40
    generator = torch.Generator().manual_seed(0)
    drawn = list(WeightedRandomSampler(weights, 8 * 500, generator=generator))
    without = sum(all(index >= 40 for index in drawn[start : start + 8]) for start in range(0, 4000, 8)) / 500
    assert 0.28 < without < 0.40, "the trap: (7/8)^8 is 34 %"
    real = 0
    for number, batch in enumerate(MixedStream(recipe(0.125)).batches(Position(), 500), start=1):
        real += sum(draw.source == REAL for draw in batch)
        assert abs(real - Fraction(1, 8) * 8 * number) < 1


def test_a_name_that_is_read_back_as_ten_times_the_ratio() -> None:
    """`_ratio0p05` read as 0.5.

    What happened: The directory was named `{ratio:.2f}` with a p for the point, and read back as
    `int(whole) + int(decimals) / 10**len(str(int(decimals)))`: of "05" only 5 was left. Besides, two
    decimals of 0.125 are 0.12.

    How it looked: In the table of results the run at 0.05 stands in the row of 0.5.

    What we do: `0p05` is 0.05. `0p12`, `0p38`, `0p62` and `0p88` are read as eighths, which is what makes
    such names in batches of 8, and a note says so; a configuration beside the name must agree. Our own
    trials are named by number, and their ratio is a value in the ledger.
    """
    whole, _, decimals = "0p05".partition("p")
    read = int(whole) + int(decimals) / 10 ** len(str(int(decimals)))
    assert read == 0.5, "the trap"
    assert f"{0.125:.2f}" == "0.12", "and the name has lost what it was made from"
    found = ratio_of_name("pspnet_ratio0p05"), ratio_of_name("pspnet_ratio0p12")
    assert [one and one.value for one in found] == [0.05, 0.125]
    assert found[1] is not None
    assert "two decimals of an eighth" in found[1].note
