"""What stands where in a street: boxes, trees and people in metres, projected to flat polygons.

A street runs away from the camera, along z. x is to the right, y up, the ground is y = 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from numpy.random import Generator

from trainables.contract.classes import SCENE_CLASSES

Material = Literal[
    "sky", "cloud", "facade", "front", "window", "asphalt", "marking", "slabs", "kerb", "shadow",
    "bark", "leaves", "paint", "glass", "rubber", "lamp", "skin", "coat", "trousers",
]  # fmt: skip
Point = tuple[float, float]
Point3 = tuple[float, float, float]
Side = Literal[-1, 1]

END = 70.0
"""Metres; where the street ends."""
_OCTAGON = (
    (1.0, 0.4),
    (0.4, 1.0),
    (-0.4, 1.0),
    (-1.0, 0.4),
    (-1.0, -0.4),
    (-0.4, -1.0),
    (0.4, -1.0),
    (1.0, -0.4),
)
_SIDES: tuple[Side, Side] = (-1, 1)


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks along the street. All in pixels but `eye`."""

    focal: float
    centre: float
    """Column of the vanishing point."""
    horizon: float
    """Row of the vanishing point."""
    eye: Point
    """Where the camera is, in metres: to the right of the middle of the road, above the ground."""

    def pixel(self, point: Point3) -> Point:
        """Column and row of a point that lies in front of the camera."""
        x, y, z = point
        return (
            self.centre + self.focal * (x - self.eye[0]) / z,
            self.horizon + self.focal * (self.eye[1] - y) / z,
        )


@dataclass(frozen=True)
class Patch:
    """A convex polygon of one material."""

    material: Material
    corners: tuple[Point, ...]
    """Columns and rows in pixels; may lie outside the image."""


@dataclass(frozen=True)
class Thing:
    """One object: its patches in the order in which they are painted."""

    class_id: int
    patches: tuple[Patch, ...]
    distance: float
    """Metres from the camera; what is nearer is painted later."""
    anchored: bool = False
    """Ground and sky: never shifted as a whole."""


@dataclass(frozen=True)
class _Plan:
    """What all things of a scene depend on."""

    camera: Camera
    size: tuple[int, int]
    kerb: float
    """Metres from the middle of the road to the pavement."""
    wall: float
    """Metres from the middle of the road to the buildings."""


def street(rng: Generator, size: tuple[int, int]) -> list[Thing]:
    """The things of a random street in the order in which they are painted: far ones first.

    Args:
        rng: all randomness comes from it.
        size: height and width in pixels.
    """
    plan = _plan(rng, size)
    buildings = [building for side in _SIDES for building in _buildings(rng, plan, side)]
    things = [*_trees(rng, plan), *_cars(rng, plan), *_people(rng, plan)]
    return [_sky(rng, plan), _pavement(plan), *_far_first(buildings), *_road(rng, plan), *_far_first(things)]


def _plan(rng: Generator, size: tuple[int, int]) -> _Plan:
    height, width = size
    kerb = rng.uniform(3.0, 5.5)
    camera = Camera(
        focal=rng.uniform(0.30, 0.42) * (height + width),
        centre=rng.uniform(0.35, 0.65) * width,
        horizon=rng.uniform(0.38, 0.52) * height,
        eye=(rng.uniform(-0.5, 0.5) * kerb, rng.uniform(1.5, 2.4)),
    )
    return _Plan(camera, size, kerb=kerb, wall=kerb + rng.uniform(2.0, 4.5))


def _far_first(things: Sequence[Thing]) -> list[Thing]:
    return sorted(things, key=lambda thing: -thing.distance)


def _thing(name: str, distance: float, patches: Sequence[Patch], anchored: bool = False) -> Thing:
    return Thing(SCENE_CLASSES.index(name), tuple(patches), distance, anchored)


def _polygon(camera: Camera, material: Material, *corners: Point3) -> Patch:
    return Patch(material, tuple(camera.pixel(corner) for corner in corners))


def _upright(camera: Camera, material: Material, x: Point, y: Point, z: float) -> Patch:
    """A rectangle that faces the camera."""
    (x0, x1), (y0, y1) = x, y
    return _polygon(camera, material, (x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z))


def _along(camera: Camera, material: Material, x: float, y: Point, z: Point) -> Patch:
    """An upright rectangle that runs along the street."""
    (y0, y1), (z0, z1) = y, z
    return _polygon(camera, material, (x, y0, z0), (x, y1, z0), (x, y1, z1), (x, y0, z1))


def _flat(camera: Camera, material: Material, x: Point, z: Point) -> Patch:
    """A rectangle on the ground."""
    (x0, x1), (z0, z1) = x, z
    return _polygon(camera, material, (x0, 0, z0), (x1, 0, z0), (x1, 0, z1), (x0, 0, z1))


def _blob(camera: Camera, material: Material, centre: Point3, radius: Point) -> Patch:
    """An ellipse that faces the camera, as an octagon."""
    (x, y, z), (across, up) = centre, radius
    return _polygon(camera, material, *((x + across * u, y + up * v, z) for u, v in _OCTAGON))


def _sky(rng: Generator, plan: _Plan) -> Thing:
    height, width = plan.size
    patches = [Patch("sky", ((0, 0), (width, 0), (width, height), (0, height)))]
    for _ in range(rng.integers(0, 5)):
        x, y = rng.uniform(0, width), rng.uniform(0, 0.4) * height
        across, up = rng.uniform(0.06, 0.2) * width, rng.uniform(0.02, 0.06) * height
        patches.append(Patch("cloud", tuple((x + across * u, y + up * v) for u, v in _OCTAGON)))
    return _thing("sky", END, patches, anchored=True)


def _pavement(plan: _Plan) -> Thing:
    height, width = plan.size
    row = plan.camera.horizon + 0.02 * height
    corners = ((-width, row), (2 * width, row), (2 * width, 2 * height), (-width, 2 * height))
    return _thing("pavement", END, [Patch("slabs", corners)], anchored=True)


def _road(rng: Generator, plan: _Plan) -> Iterator[Thing]:
    camera, kerb, near = plan.camera, plan.kerb, 1.0
    edges = [
        _flat(camera, "kerb", (min(x, x + 0.25 * side), max(x, x + 0.25 * side)), (near, END))
        for side in _SIDES
        for x in (side * kerb,)
    ]
    yield _thing("pavement", END, edges, anchored=True)
    patches = [_flat(camera, "asphalt", (-kerb, kerb), (near, END))]
    dash, gap = rng.uniform(1.5, 4.0), rng.uniform(1.5, 5.0)
    if rng.random() < 0.75:
        start = rng.uniform(near, near + gap)
        while start < 0.5 * END:
            patches.append(_flat(camera, "marking", (-0.12, 0.12), (start, start + dash)))
            start += dash + gap
    if rng.random() < 0.3:  # the shadow of a building that is out of sight
        start = rng.uniform(4, 12)
        patches.append(_flat(camera, "shadow", (-kerb, kerb), (start, start + rng.uniform(2, 10))))
    yield _thing("road", END, patches, anchored=True)


def _buildings(rng: Generator, plan: _Plan, side: Side) -> Iterator[Thing]:
    start = rng.uniform(2.0, 6.0)
    while start < END:
        end = start + rng.uniform(5, 16)
        if rng.random() < 0.85:
            yield _building(rng, plan, side, (start, end))
        start = end + (rng.uniform(2, 8) if rng.random() < 0.3 else 0.0)


def _building(rng: Generator, plan: _Plan, side: Side, z: Point) -> Thing:
    camera, wall = plan.camera, side * plan.wall
    top = rng.uniform(3.5, 13)
    outer = wall + side * rng.uniform(6, 14)
    patches = [
        _upright(camera, "front", (min(wall, outer), max(wall, outer)), (0, top), z[0]),
        _along(camera, "facade", wall, (0, top), z),
    ]
    floor, bay = rng.uniform(2.6, 3.4), rng.uniform(2.0, 3.5)
    if z[0] < 30 and rng.random() < 0.85:
        for up in range(int(top / floor)):
            for along in range(int((z[1] - z[0]) / bay)):
                y, near = up * floor + 0.9, z[0] + along * bay + 0.5
                patches.append(_along(camera, "window", wall, (y, y + 1.3), (near, near + 0.5 * bay)))
    return _thing("building", z[0], patches)


def _trees(rng: Generator, plan: _Plan) -> Iterator[Thing]:
    for _ in range(rng.integers(0, 7)):
        side = _SIDES[rng.integers(2)]
        z = rng.uniform(5, 28)
        x = side * (plan.kerb + rng.uniform(0.5, 1.5))
        yield _tree(rng, plan.camera, x, z)


def _tree(rng: Generator, camera: Camera, x: float, z: float) -> Thing:
    top, crown = rng.uniform(3.5, 7.0), rng.uniform(1.2, 2.4)
    patches = [_upright(camera, "bark", (x - 0.15, x + 0.15), (0, top - crown), z)]
    for _ in range(rng.integers(3, 6)):
        centre = (x + rng.uniform(-0.6, 0.6) * crown, top - crown * rng.uniform(0.5, 1.5), z)
        patches.append(
            _blob(camera, "leaves", centre, (crown * rng.uniform(0.5, 0.9), crown * rng.uniform(0.5, 0.9)))
        )
    return _thing("tree", z, patches)


def _cars(rng: Generator, plan: _Plan) -> Iterator[Thing]:
    for _ in range(rng.integers(0, 5)):
        side = _SIDES[rng.integers(2)]
        parked = rng.random() < 0.5
        x = side * (plan.kerb - 1.1 if parked else 0.45 * plan.kerb)
        yield _car(rng, plan.camera, x, rng.uniform(5, 20))


def _car(rng: Generator, camera: Camera, x: float, z: float) -> Thing:
    half, length = rng.uniform(0.8, 1.0), rng.uniform(3.6, 4.8)
    waist, roof = rng.uniform(0.85, 1.1), rng.uniform(1.35, 1.9)
    left, right = x - half, x + half
    seen = right if x < camera.eye[0] else left
    patches = [
        _flat(camera, "shadow", (left - 0.1, right + 0.1), (z - 0.2, z + length)),
        _along(camera, "paint", seen, (0.3, waist), (z, z + length)),
        _along(camera, "glass", seen, (waist, roof), (z + 0.2 * length, z + 0.8 * length)),
        *(
            _along(camera, "rubber", seen, (0, 0.6), (z + at * length, z + at * length + 0.6))
            for at in (0.7, 0.12)
        ),
        _upright(camera, "rubber", (left, right), (0.0, 0.4), z),
        _upright(camera, "paint", (left, right), (0.3, waist), z),
        _cabin(camera, "paint", (left, right), (waist, roof), z),
        _cabin(camera, "glass", (left + 0.15, right - 0.15), (waist, roof - 0.12), z),
        *(_upright(camera, "lamp", (at, at + 0.25), (0.6, 0.8), z) for at in (left + 0.05, right - 0.3)),
    ]
    return _thing("car", z, patches)


def _cabin(camera: Camera, material: Material, x: Point, y: Point, z: float) -> Patch:
    (x0, x1), (y0, y1) = x, y
    return _polygon(camera, material, (x0, y0, z), (x1, y0, z), (x1 - 0.2, y1, z), (x0 + 0.2, y1, z))


def _people(rng: Generator, plan: _Plan) -> Iterator[Thing]:
    for _ in range(rng.integers(0, 8)):
        side = _SIDES[rng.integers(2)]
        crossing = rng.random() < 0.25
        x = (
            rng.uniform(-1, 1) * plan.kerb
            if crossing
            else side * rng.uniform(plan.kerb + 0.4, plan.wall - 0.3)
        )
        yield _person(rng, plan.camera, x, rng.uniform(2.6, 7.0))


def _person(rng: Generator, camera: Camera, x: float, z: float) -> Thing:
    tall, half = rng.uniform(1.5, 1.95), rng.uniform(0.22, 0.36)
    stride = rng.uniform(0.0, 0.25)
    hip, shoulder = 0.5 * tall, 0.85 * tall
    patches = [
        *(
            _polygon(
                camera, "trousers",
                (x - 0.12 + step, 0, z), (x + 0.12 + step, 0, z), (x + 0.16, hip, z), (x - 0.16, hip, z),
            )
            for step in (-stride, stride)
        ),
        _upright(camera, "coat", (x - half, x + half), (hip - 0.1, shoulder), z),
        _blob(camera, "skin", (x, 0.93 * tall, z), (0.13, 0.07 * tall)),
    ]  # fmt: skip
    return _thing("person", z, patches)
