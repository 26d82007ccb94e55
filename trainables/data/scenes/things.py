"""What a street is made of. Lengths are in metres and about those of real things."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from numpy.random import Generator

from trainables.contract.classes import SCENE_CLASSES
from trainables.data.scenes.geometry import OCTAGON, Camera, Patch, Range, Thing

END = 70.0
"""Where the street ends."""
_NEAR = 1.0  # where the ground comes into view
_WINDOWS_TO = 30.0  # further away they are smaller than a pixel


def sky(rng: Generator, camera: Camera) -> Thing:
    """The whole image; what stands in front covers it. Clouds."""
    height, width = camera.size
    patches = [Patch("sky", ((0, 0), (width, 0), (width, height), (0, height)))]
    for _ in range(rng.integers(0, 5)):
        x, y = rng.uniform(0, width), rng.uniform(0, 0.4) * height
        across, up = rng.uniform(0.06, 0.2) * width, rng.uniform(0.02, 0.06) * height
        patches.append(Patch("cloud", tuple((x + across * u, y + up * v) for u, v in OCTAGON)))
    return _thing("sky", END, patches, anchored=True)


def pavement(camera: Camera) -> Thing:
    """All the ground; the road covers its middle."""
    height, width = camera.size
    row = camera.horizon + 0.02 * height
    corners = ((-width, row), (2 * width, row), (2 * width, 2 * height), (-width, 2 * height))
    return _thing("pavement", END, [Patch("slabs", corners)], anchored=True)


def kerbs(camera: Camera, kerb: float) -> Thing:
    """The bright edges of the pavement, `kerb` metres from the middle of the road."""
    edges = [camera.flat("kerb", x, (_NEAR, END)) for x in ((-kerb - 0.25, -kerb), (kerb, kerb + 0.25))]
    return _thing("pavement", END, edges, anchored=True)


def road(rng: Generator, camera: Camera, kerb: float) -> Thing:
    """As far as the kerbs; mostly with a dashed line, at times in the shadow of a building out of sight."""
    patches = [camera.flat("asphalt", (-kerb, kerb), (_NEAR, END))]
    dash, gap = rng.uniform(1.5, 4.0), rng.uniform(1.5, 5.0)
    if rng.random() < 0.75:
        start = rng.uniform(_NEAR, _NEAR + gap)
        while start < 0.5 * END:
            patches.append(camera.flat("marking", (-0.12, 0.12), (start, start + dash)))
            start += dash + gap
    if rng.random() < 0.3:
        start = rng.uniform(4, 12)
        patches.append(camera.flat("shadow", (-kerb, kerb), (start, start + rng.uniform(2, 10))))
    return _thing("road", END, patches, anchored=True)


def building(rng: Generator, camera: Camera, wall: float, z: Range) -> Thing:
    """A block with its facade at x = `wall`, away from the road, from z to z."""
    top = rng.uniform(3.5, 13)
    depth = rng.uniform(6, 14)
    across = (wall, wall + depth) if wall > 0 else (wall - depth, wall)
    patches = [camera.upright("front", across, (0, top), z[0]), camera.along("facade", wall, (0, top), z)]
    floor, bay = rng.uniform(2.6, 3.4), rng.uniform(2.0, 3.5)
    if z[0] < _WINDOWS_TO and rng.random() < 0.85:
        patches += _windows(camera, wall, [0.9 + floor * n for n in range(int(top / floor))], z, bay)
    return _thing("building", z[0], patches)


def _windows(camera: Camera, wall: float, sills: Iterable[float], z: Range, bay: float) -> Iterator[Patch]:
    for sill in sills:
        for number in range(int((z[1] - z[0]) / bay)):
            start = z[0] + number * bay + 0.5
            yield camera.along("window", wall, (sill, sill + 1.3), (start, start + 0.5 * bay))


def tree(rng: Generator, camera: Camera, x: float, z: float) -> Thing:
    """A trunk and a crown of several round parts."""
    top, crown = rng.uniform(3.5, 7.0), rng.uniform(1.2, 2.4)
    patches = [camera.upright("bark", (x - 0.15, x + 0.15), (0, top - crown), z)]
    for _ in range(rng.integers(3, 6)):
        centre = (x + rng.uniform(-0.6, 0.6) * crown, top - crown * rng.uniform(0.5, 1.5), z)
        radius = crown * rng.uniform(0.5, 0.9), crown * rng.uniform(0.5, 0.9)
        patches.append(camera.blob("leaves", centre, radius))
    return _thing("tree", z, patches)


def car(rng: Generator, camera: Camera, x: float, z: float) -> Thing:
    """Seen from behind or in front, with the side that is towards the camera."""
    half, length = rng.uniform(0.8, 1.0), rng.uniform(3.6, 4.8)
    waist, roof = rng.uniform(0.85, 1.1), rng.uniform(1.35, 1.9)
    left, right = x - half, x + half
    side = right if x < camera.eye[0] else left
    wheels = [z + share * length for share in (0.7, 0.12)]
    patches = [
        camera.flat("shadow", (left - 0.1, right + 0.1), (z - 0.2, z + length)),
        camera.along("paint", side, (0.3, waist), (z, z + length)),
        camera.along("glass", side, (waist, roof), (z + 0.2 * length, z + 0.8 * length)),
        *(camera.along("rubber", side, (0, 0.6), (wheel, wheel + 0.6)) for wheel in wheels),
        camera.upright("rubber", (left, right), (0.0, 0.4), z),
        camera.upright("paint", (left, right), (0.3, waist), z),
        camera.upright("paint", (left, right), (waist, roof), z, slant=0.2),
        camera.upright("glass", (left + 0.15, right - 0.15), (waist, roof - 0.12), z, slant=0.2),
        *(camera.upright("lamp", (at, at + 0.25), (0.6, 0.8), z) for at in (left + 0.05, right - 0.3)),
    ]
    return _thing("car", z, patches)


def person(rng: Generator, camera: Camera, x: float, z: float) -> Thing:
    """Standing or walking."""
    tall, half, stride = rng.uniform(1.5, 1.95), rng.uniform(0.22, 0.36), rng.uniform(0.0, 0.25)
    hip, shoulder = 0.5 * tall, 0.85 * tall
    legs = [
        ((foot - 0.12, 0, z), (foot + 0.12, 0, z), (x + 0.16, hip, z), (x - 0.16, hip, z))
        for foot in (x - stride, x + stride)
    ]
    patches = [
        *(camera.polygon("trousers", *leg) for leg in legs),
        camera.upright("coat", (x - half, x + half), (hip - 0.1, shoulder), z),
        camera.blob("skin", (x, 0.93 * tall, z), (0.13, 0.07 * tall)),
    ]
    return _thing("person", z, patches)


def _thing(name: str, distance: float, patches: Iterable[Patch], anchored: bool = False) -> Thing:
    return Thing(SCENE_CLASSES.index(name), tuple(patches), distance, anchored)
