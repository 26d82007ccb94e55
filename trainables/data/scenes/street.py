"""What stands where in a street."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from numpy.random import Generator

from trainables.data.scenes import things
from trainables.data.scenes.geometry import Camera, Thing


@dataclass(frozen=True)
class _Layout:
    """What the places of all things depend on, in metres from the middle of the road."""

    kerb: float
    """Where the pavement begins."""
    wall: float
    """Where the buildings begin."""


def street(rng: Generator, size: tuple[int, int]) -> list[Thing]:
    """The things of a random street in the order in which they are painted: far ones first.

    Args:
        rng: all randomness comes from it.
        size: height and width of the image in pixels.
    """
    kerb = rng.uniform(3.0, 5.5)
    camera = _camera(rng, size, kerb)
    layout = _Layout(kerb, wall=kerb + rng.uniform(2.0, 4.5))
    buildings = [*_buildings(rng, camera, -layout.wall), *_buildings(rng, camera, layout.wall)]
    others = [*_trees(rng, camera, layout), *_cars(rng, camera, layout), *_people(rng, camera, layout)]
    return [
        things.sky(rng, camera),
        things.pavement(camera),
        *_far_first(buildings),  # nothing stands behind one: all else is nearer to the road
        things.kerbs(camera, kerb),
        things.road(rng, camera, kerb),
        *_far_first(others),
    ]


def _camera(rng: Generator, size: tuple[int, int], kerb: float) -> Camera:
    height, width = size
    return Camera(
        size,
        focal=rng.uniform(0.30, 0.42) * (height + width),
        centre=rng.uniform(0.35, 0.65) * width,
        horizon=rng.uniform(0.38, 0.52) * height,
        eye=(rng.uniform(-0.5, 0.5) * kerb, rng.uniform(1.5, 2.4)),
    )


def _far_first(some: Sequence[Thing]) -> list[Thing]:
    return sorted(some, key=lambda thing: -thing.distance)


def _side(rng: Generator) -> int:
    """-1 for the left of the street, 1 for the right."""
    return (-1, 1)[rng.integers(2)]


def _buildings(rng: Generator, camera: Camera, wall: float) -> Iterator[Thing]:
    start = rng.uniform(2.0, 6.0)
    while start < things.END:
        end = start + rng.uniform(5, 16)
        if rng.random() < 0.85:
            yield things.building(rng, camera, wall, (start, end))
        start = end + (rng.uniform(2, 8) if rng.random() < 0.3 else 0.0)


def _trees(rng: Generator, camera: Camera, layout: _Layout) -> Iterator[Thing]:
    for _ in range(rng.integers(0, 7)):
        side, z = _side(rng), rng.uniform(5, 28)
        yield things.tree(rng, camera, side * (layout.kerb + rng.uniform(0.5, 1.5)), z)


def _cars(rng: Generator, camera: Camera, layout: _Layout) -> Iterator[Thing]:
    for _ in range(rng.integers(0, 5)):
        side, parked = _side(rng), rng.random() < 0.5
        x = layout.kerb - 1.1 if parked else 0.45 * layout.kerb
        yield things.car(rng, camera, side * x, rng.uniform(5, 20))


def _people(rng: Generator, camera: Camera, layout: _Layout) -> Iterator[Thing]:
    """Most of them on the pavement, some on the road."""
    for _ in range(rng.integers(0, 8)):
        side, crosses = _side(rng), rng.random() < 0.25
        x = rng.uniform(0, layout.kerb) if crosses else rng.uniform(layout.kerb + 0.4, layout.wall - 0.3)
        yield things.person(rng, camera, side * x, rng.uniform(2.6, 7.0))
