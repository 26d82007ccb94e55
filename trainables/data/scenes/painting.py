"""Makes image and label of a street in a style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from trainables.data.labels import Uint8Array
from trainables.data.scenes.geometry import Material, Patch, Thing
from trainables.data.scenes.street import street
from trainables.data.scenes.styles import STYLES, Style, StyleName
from trainables.data.scenes.things import END

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]

_FINENESS = 2  # pixels are painted at this multiple of the size and averaged, for smooth edges


@dataclass(frozen=True)
class Scene:
    """One image with its label."""

    image: Uint8Array
    """RGB, shape (3, H, W)."""
    label: Uint8Array
    """Class ids as they are given to training, shape (H, W)."""
    drawn: Uint8Array
    """Class ids of what the image really shows. Differs from the label where a style's labels are off."""


def render_scene(style_name: StyleName, seed: int, index: int, size: tuple[int, int]) -> Scene:
    """The scene number `index` of a style and seed, `size` (height, width) pixels large.

    Each (style, seed, index) has its own random stream: no two scenes share anything. Only uniform draws
    and + - * / are used, which give the same bits on every machine.
    """
    style = STYLES[style_name]
    key = (list(STYLES).index(style_name), index)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
    fine = (size[0] * _FINENESS, size[1] * _FINENESS)
    things = street(rng, fine)
    shown = [_shifted(thing, rng, style.shift * fine[0]) for thing in things]
    label = _classes(things)[_rasterised(things, fine)]
    flow = _flow(rng, fine, style.warp * fine[0])
    ids = _rasterised(shown, fine)[flow]
    image = _developed(_painted(shown, ids, style, rng), style, rng)
    half = _FINENESS // 2
    return Scene(
        image=np.ascontiguousarray(image.transpose(2, 0, 1)),
        label=np.ascontiguousarray(label[half::_FINENESS, half::_FINENESS]),
        drawn=np.ascontiguousarray(_classes(shown)[ids][half::_FINENESS, half::_FINENESS]),
    )


def _shifted(thing: Thing, rng: Generator, reach: float) -> Thing:
    """The thing moved by up to `reach` pixels each way, as a careless generator does."""
    if thing.anchored or reach == 0:
        return thing
    right, down = rng.uniform(-reach, reach), rng.uniform(-reach, reach)
    moved = [
        Patch(patch.material, tuple((x + right, y + down) for x, y in patch.corners))
        for patch in thing.patches
    ]
    return replace(thing, patches=tuple(moved))


def _flow(rng: Generator, size: tuple[int, int], reach: float) -> tuple[IntArray, IntArray]:
    """Row and column that each pixel takes its content from, at most `reach` pixels away."""
    rows, columns = np.indices(size, dtype=np.int32)
    if reach == 0:
        return rows, columns
    down, right = (np.rint(reach * _smooth(rng, size, cells=3)).astype(np.int32) for _ in range(2))
    return np.clip(rows + down, 0, size[0] - 1), np.clip(columns + right, 0, size[1] - 1)


def _rasterised(things: Sequence[Thing], size: tuple[int, int]) -> IntArray:
    """Number of the topmost patch at each pixel, counted over all things.

    Corners are rounded to whole pixels, so that the last bit of a float cannot move an edge.
    """
    canvas = Image.new("I", (size[1], size[0]))
    draw = ImageDraw.Draw(canvas)
    for number, patch in enumerate(patch for thing in things for patch in thing.patches):
        draw.polygon([(round(x), round(y)) for x, y in patch.corners], fill=number)
    return np.array(canvas, dtype=np.int32)


def _classes(things: Sequence[Thing]) -> Uint8Array:
    """Class id of each patch, counted over all things."""
    return np.array([thing.class_id for thing in things for _ in thing.patches], dtype=np.uint8)


def _painted(things: Sequence[Thing], ids_HW: IntArray, style: Style, rng: Generator) -> FloatArray:
    """Colour and texture of every pixel, shape (H, W, 3), 0..255 and beyond."""
    size = ids_HW.shape[0], ids_HW.shape[1]
    colours = _patch_colours(things, style, rng)
    surfaces = [style.surfaces[patch.material] for thing in things for patch in thing.patches]
    grain, mottle, fade = np.array([(s.grain, s.mottle, s.fade) for s in surfaces], dtype=np.float32).T
    height = np.linspace(-0.5, 0.5, size[0], dtype=np.float32)[:, None]
    texture = (
        1
        + grain[ids_HW] * rng.uniform(-1, 1, size).astype(np.float32)
        + mottle[ids_HW] * _smooth(rng, size, cells=12)
        + fade[ids_HW] * height
    )
    painted: FloatArray = colours[ids_HW] * texture[..., None]
    return painted


def _patch_colours(things: Sequence[Thing], style: Style, rng: Generator) -> FloatArray:
    """Colour of each patch, shape (patches, 3): one draw for each material of a thing, then haze."""
    haze = rng.uniform(*style.haze)
    haze_colour = np.array(style.haze_colour)
    colours: list[NDArray[np.float64]] = []
    for thing in things:
        drawn = {material: _colour(style, material, rng) for material in _materials(thing)}
        share = haze * min(thing.distance / END, 1.0) if not thing.anchored else 0.0
        colours += [(1 - share) * drawn[patch.material] + share * haze_colour for patch in thing.patches]
    return np.array(colours, dtype=np.float32)


def _materials(thing: Thing) -> list[Material]:
    """Without repeats, in the order in which they appear: a set would draw in another order each time."""
    return list(dict.fromkeys(patch.material for patch in thing.patches))


def _colour(style: Style, material: Material, rng: Generator) -> NDArray[np.float64]:
    palette = style.surfaces[material].colours
    one, other = (np.array(palette[rng.integers(len(palette))]) for _ in range(2))
    part = rng.random()
    mixed: NDArray[np.float64] = part * one + (1 - part) * other + rng.uniform(-style.jitter, style.jitter, 3)
    return mixed


def _developed(painted_HW3: FloatArray, style: Style, rng: Generator) -> Uint8Array:
    """What a camera makes of it: averaged to the final size, exposed, noisy, 8 bits."""
    light = rng.uniform(*style.gain) * (1 + rng.uniform(-style.cast, style.cast, 3))
    corners = [painted_HW3[i::_FINENESS, j::_FINENESS] for i in range(_FINENESS) for j in range(_FINENESS)]
    exposed = sum(corners) / len(corners) * light
    noise = style.noise * rng.uniform(-1, 1, exposed.shape)
    return np.clip(exposed + noise, 0, 255).astype(np.uint8)


def _smooth(rng: Generator, size: tuple[int, int], cells: int) -> FloatArray:
    """A smooth random field of the given size, -1..1, with about `cells` hills along each axis."""
    knots = rng.uniform(-1, 1, (cells + 2, cells + 2)).astype(np.float32)
    rows, columns = (np.linspace(0, cells, length, dtype=np.float32) for length in size)
    return _interpolated(_interpolated(knots, rows).T, columns).T


def _interpolated(knots: FloatArray, at: FloatArray) -> FloatArray:
    """Linear interpolation between the rows of `knots`."""
    below = at.astype(np.int64)
    part = (at - below)[:, None]
    field: FloatArray = knots[below] * (1 - part) + knots[below + 1] * part
    return field
