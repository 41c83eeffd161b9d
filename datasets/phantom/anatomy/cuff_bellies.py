"""The bellies of the rotator cuff on the scapula."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shoulderseg.datasets.phantom.anatomy.fibres import Fibres, belly_layers
from shoulderseg.datasets.phantom.anatomy.pose import head_in_scapula
from shoulderseg.datasets.phantom.layers import Layer
from shoulderseg.datasets.phantom.sdf import Strap
from shoulderseg.datasets.phantom.structures import Structure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shoulderseg.datasets.phantom.anatomy.findings import Findings
    from shoulderseg.datasets.phantom.dimensions import Dimensions
    from shoulderseg.datasets.phantom.frames import Frame, FrameName
    from shoulderseg.datasets.phantom.noise import Noise
    from shoulderseg.datasets.phantom.sdf import FloatArray

Spot = tuple[float, float, float]
_BACK = (0.0, 1.0, 0.0)


class _Head(NamedTuple):
    """The head of the humerus in the scapula frame.

    Attributes:
        x, y, z: Its middle.
        radius: Of its sphere, mm.
    """

    x: float
    y: float
    z: float
    radius: float


def cuff_belly_layers(
    dimensions: Dimensions, findings: Findings, frames: Mapping[FrameName, Frame], noise: Noise
) -> list[Layer]:
    """The four muscles, each with the fat around it."""
    head = head_in_scapula(frames)
    size = dimensions.scapula_height_mm / 155
    radius = dimensions.head_radius_mm
    shrunk = 1 - 0.35 * findings.fatty_infiltration
    layers: list[Layer] = []
    for structure, straps in _bellies(dimensions, head, radius, size, shrunk).items():
        fatty = structure in (Structure.SUPRASPINATUS, Structure.INFRASPINATUS)
        fibres = Fibres("scapula", (45, 7, 4), findings.fatty_infiltration if fatty else 0.04)
        layers += belly_layers(structure, straps, fibres, noise)
    return layers


def _bellies(
    dimensions: Dimensions, head: FloatArray, radius: float, size: float, shrunk: float
) -> dict[Structure, list[Strap]]:
    x, y, z = (float(value) for value in head)
    ball = _Head(x, y, z, radius)
    return {
        Structure.SUBSCAPULARIS: _subscapularis(ball, size),
        Structure.TERES_MINOR: _teres_minor(ball, size),
        Structure.INFRASPINATUS: _infraspinatus(ball, size, shrunk),
        Structure.SUPRASPINATUS: _supraspinatus(dimensions, ball, size, shrunk),
    }


def _line(size: float, *spots: Spot) -> list[Spot]:
    """Spots of a grown man's scapula in the size of this one, but for the last, on the head."""
    *fixed, end = spots
    return [(px * size, py, pz * size) for px, py, pz in fixed] + [end]


def _subscapularis(head: _Head, size: float) -> list[Strap]:
    x, z, far = head.x, head.z, head.y - head.radius
    widths = [(20.0 * size, 8.0), (22 * size, 12.0), (18 * size, 11.0), (11 * size, 4.5)]
    lines = [
        _line(size, (-98, -10, 20), (-50, -13, 12), (-8, -21, 8), (x - 6, far - 4, z + 4)),
        _line(size, (-99, -10, -30), (-50, -12, -18), (-8, -21, -8), (x - 6, far - 3, z - 5)),
        _line(size, (-86, -10, -80), (-45, -12, -50), (-6, -18, -27), (x - 4, far, z - 13)),
    ]
    return [Strap(line, widths, _BACK) for line in lines]


def _teres_minor(head: _Head, size: float) -> list[Strap]:
    end = (head.x, head.y + head.radius, head.z - 0.55 * head.radius)
    line = _line(size, (-66, 10, -80), (-34, 16, -48), (0, 20, -26), end)
    return [Strap(line, [(8, 7), (10, 9), (10, 8), (7, 3)], _BACK)]


def _infraspinatus(head: _Head, size: float, shrunk: float) -> list[Strap]:
    x, z, near = head.x, head.z, head.y + head.radius
    widths = [
        (19.0 * size, 9 * shrunk),
        (20 * size, 13 * shrunk),
        (16 * size, 11.0),
        (10 * size, 4.0),
    ]
    lines = [
        _line(size, (-97, 11, -14), (-55, 21, -8), (-14, 25, -3), (x - 3, near + 4, z + 6)),
        _line(size, (-94, 9, -60), (-50, 19, -36), (-12, 25, -15), (x - 3, near + 4, z - 4)),
    ]
    return [Strap(line, widths, _BACK) for line in lines]


def _supraspinatus(dimensions: Dimensions, head: _Head, size: float, shrunk: float) -> list[Strap]:
    deep, tall = dimensions.supraspinatus_depth_mm * shrunk, dimensions.supraspinatus_height_mm
    tall *= shrunk
    end = (0.55 * head.x, head.y, head.z + 0.92 * head.radius + 4)
    line = _line(size, (-98, 2, 19), (-62, 6, 25), (-25, 4, 28), (2, 2, 28), end)
    widths = [
        (10, 9),
        (deep * 1.1, tall * 1.15),
        (deep, tall),
        (0.9 * deep, 0.66 * tall),
        (9, 2.5),
    ]
    return [Strap(line, widths, (0.0, 0.15, 1.0))]
