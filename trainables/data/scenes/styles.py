"""How a scene looks: colours, texture and light, and how far its label is off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trainables.data.scenes.geometry import Material

StyleName = Literal["real", "aligned", "misaligned"]
Colour = tuple[float, float, float]
"""Red, green, blue, 0 to 255."""


@dataclass(frozen=True)
class Surface:
    """The look of one material."""

    colours: tuple[Colour, ...]
    """A thing's colour lies between two of them, drawn at random."""
    grain: float = 0.0
    """Texture of single pixels, as a share of the brightness."""
    mottle: float = 0.0
    """Texture of patches, as a share of the brightness."""
    fade: float = 0.0
    """Gain in brightness from the top of the image to its bottom."""


@dataclass(frozen=True)
class Style:
    """One look of the scenes. Ranges are drawn from anew for every scene."""

    surfaces: dict[Material, Surface]
    jitter: float
    """Largest change of a thing's colour channels, 0..255."""
    gain: tuple[float, float]
    """Range of the exposure; 1 leaves it."""
    cast: float
    """Largest change of a colour channel of the whole image, as a share."""
    haze: tuple[float, float]
    """Range of the share of haze in what is far away."""
    haze_colour: Colour
    noise: float
    """Largest sensor noise, 0..255."""
    shift: float = 0.0
    """Largest shift of a thing against its label, as a share of the image's height."""
    warp: float = 0.0
    """Largest local warp of the image against its label, as a share of the image's height."""


_GREYS: tuple[Colour, ...] = ((70, 70, 72), (150, 148, 144), (112, 108, 104))
_PAINTS: tuple[Colour, ...] = (
    (170, 30, 30), (30, 60, 130), (220, 220, 218), (25, 25, 28), (120, 122, 126), (190, 170, 110),
    (40, 80, 60),
)  # fmt: skip

REAL = Style(
    surfaces={
        "sky": Surface(
            ((120, 160, 215), (190, 200, 212), (225, 228, 230), (150, 165, 185)), mottle=0.04, fade=0.5
        ),
        "cloud": Surface(((235, 235, 238), (190, 195, 202)), mottle=0.08),
        "facade": Surface(
            ((150, 95, 75), (190, 175, 150), (140, 138, 134), (105, 85, 75), (205, 200, 190)),
            grain=0.12,
            mottle=0.15,
        ),
        "front": Surface(
            ((120, 85, 70), (150, 140, 125), (105, 104, 102), (160, 155, 148)), grain=0.1, mottle=0.15
        ),
        "window": Surface(((50, 58, 68), (90, 105, 125), (30, 32, 36), (170, 185, 200)), mottle=0.3),
        "asphalt": Surface(_GREYS, grain=0.12, mottle=0.14, fade=-0.2),
        "marking": Surface(((225, 225, 215), (190, 190, 185)), grain=0.1, mottle=0.2),
        "slabs": Surface(
            ((165, 160, 152), (125, 118, 112), (140, 120, 105), (105, 103, 101)), grain=0.16, mottle=0.18
        ),
        "kerb": Surface(((180, 178, 172), (130, 128, 124)), grain=0.1),
        "shadow": Surface(((45, 45, 48), (30, 30, 34)), grain=0.1),
        "bark": Surface(((75, 60, 48), (50, 42, 36)), grain=0.2),
        "leaves": Surface(
            ((60, 95, 40), (95, 115, 55), (45, 65, 40), (120, 110, 50)), grain=0.35, mottle=0.35
        ),
        "paint": Surface(_PAINTS, mottle=0.12),
        "glass": Surface(((35, 42, 50), (95, 110, 125)), mottle=0.2),
        "rubber": Surface(((22, 22, 24), (38, 38, 40))),
        "lamp": Surface(((200, 40, 30), (240, 230, 190))),
        "skin": Surface(((205, 160, 130), (120, 80, 60), (70, 50, 40))),
        "coat": Surface((*_PAINTS, (90, 70, 60)), grain=0.1),
        "trousers": Surface(((35, 40, 60), (30, 30, 32), (110, 100, 85), (70, 72, 78)), grain=0.1),
    },
    jitter=14,
    gain=(0.6, 1.25),
    cast=0.1,
    haze=(0.0, 0.35),
    haze_colour=(205, 210, 216),
    noise=9,
)


def _repainted(
    surfaces: dict[Material, Surface], mix: tuple[Colour, Colour, Colour], lift: Colour, texture: float
) -> dict[Material, Surface]:
    """The surfaces in new colours, `mix` times the old plus `lift`; textures `texture` times as strong."""

    def repainted(colour: Colour) -> Colour:
        red, green, blue = (
            sum(share * channel for share, channel in zip(row, colour)) + more for row, more in zip(mix, lift)
        )
        return red, green, blue

    return {
        material: Surface(
            tuple(repainted(colour) for colour in surface.colours),
            grain=surface.grain * texture,
            mottle=surface.mottle * texture,
            fade=surface.fade,
        )
        for material, surface in surfaces.items()
    }


ALIGNED = Style(
    surfaces=_repainted(
        REAL.surfaces, ((1.3, -0.25, 0.0), (-0.05, 1.1, -0.05), (-0.1, -0.1, 1.15)), (6, 2, 0), 0.4
    ),
    jitter=14,
    gain=(0.7, 1.15),
    cast=0.06,
    haze=(0.15, 0.5),
    haze_colour=(235, 215, 190),
    noise=3,
)
"""A good generator: gaudy, smooth and sunny, but everything is where its label says."""

MISALIGNED = Style(
    surfaces=_repainted(
        REAL.surfaces, ((0.45, 0.2, 0.0), (0.1, 0.45, 0.1), (0.1, 0.2, 0.55)), (8, 5, 24), 1.4
    ),
    jitter=24,
    gain=(0.7, 1.2),
    cast=0.2,
    haze=(0.2, 0.7),
    haze_colour=(90, 80, 110),
    noise=14,
    shift=0.05,
    warp=0.05,
)
"""A poor generator: dark, blotchy, and things stand beside their labels."""

STYLES: dict[StyleName, Style] = {"real": REAL, "aligned": ALIGNED, "misaligned": MISALIGNED}
