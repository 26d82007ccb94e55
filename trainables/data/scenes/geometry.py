"""From metres in a street to polygons in an image.

A street runs away from the camera, along z. x is to the right, y up, the ground is y = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Material = Literal[
    "sky", "cloud", "facade", "front", "window", "asphalt", "marking", "slabs", "kerb", "shadow",
    "bark", "leaves", "paint", "glass", "rubber", "lamp", "skin", "coat", "trousers",
]  # fmt: skip
Range = tuple[float, float]
"""From, to; in metres along one axis."""
Point = tuple[float, float]
Point3 = tuple[float, float, float]

OCTAGON: tuple[Point, ...] = (
    (1, 0.4), (0.4, 1), (-0.4, 1), (-1, 0.4), (-1, -0.4), (-0.4, -1), (0.4, -1), (1, -0.4),
)  # fmt: skip
"""Stands for a circle of radius 1."""


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
    """Sky and ground: never shifted as a whole, never hazy."""


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks along the street, and the shapes it sees."""

    size: tuple[int, int]
    """Height and width of the image in pixels."""
    focal: float
    """Focal length in pixels."""
    centre: float
    """Column of the vanishing point."""
    horizon: float
    """Row of the vanishing point."""
    eye: Point
    """Where the camera is: metres to the right of the middle of the road, and above the ground."""

    def pixel(self, point: Point3) -> Point:
        """Column and row of a point that lies in front of the camera."""
        x, y, z = point
        return (
            self.centre + self.focal * (x - self.eye[0]) / z,
            self.horizon + self.focal * (self.eye[1] - y) / z,
        )

    def polygon(self, material: Material, *corners: Point3) -> Patch:
        """Any flat convex shape."""
        return Patch(material, tuple(self.pixel(corner) for corner in corners))

    def upright(self, material: Material, x: Range, y: Range, z: float, slant: float = 0.0) -> Patch:
        """A rectangle that faces the camera; with a slant, narrower at its top by so much on each side."""
        (x0, x1), (y0, y1) = x, y
        return self.polygon(material, (x0, y0, z), (x1, y0, z), (x1 - slant, y1, z), (x0 + slant, y1, z))

    def along(self, material: Material, x: float, y: Range, z: Range) -> Patch:
        """An upright rectangle that runs along the street."""
        (y0, y1), (z0, z1) = y, z
        return self.polygon(material, (x, y0, z0), (x, y1, z0), (x, y1, z1), (x, y0, z1))

    def flat(self, material: Material, x: Range, z: Range) -> Patch:
        """A rectangle on the ground."""
        (x0, x1), (z0, z1) = x, z
        return self.polygon(material, (x0, 0, z0), (x1, 0, z0), (x1, 0, z1), (x0, 0, z1))

    def blob(self, material: Material, centre: Point3, radius: Point) -> Patch:
        """Something round that faces the camera; radius across and up."""
        (x, y, z), (across, up) = centre, radius
        return self.polygon(material, *((x + across * u, y + up * v, z) for u, v in OCTAGON))
