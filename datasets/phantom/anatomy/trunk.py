"""The outside of arm and trunk, the chest with its ribs, and the vessels of the axilla."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.phantom.anatomy.clavicle import clavicle_line
from shoulderseg.datasets.phantom.anatomy.fibres import Fibres, streaks
from shoulderseg.datasets.phantom.anatomy.scapula_landmarks import landmarks
from shoulderseg.datasets.phantom.layers import Layer
from shoulderseg.datasets.phantom.sdf import clamp, ellipsoid, round_cones, smooth_union
from shoulderseg.datasets.phantom.structures import Structure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shoulderseg.datasets.phantom.dimensions import Dimensions
    from shoulderseg.datasets.phantom.frames import Frame, FrameName, Points
    from shoulderseg.datasets.phantom.layers import Distance
    from shoulderseg.datasets.phantom.noise import Noise
    from shoulderseg.datasets.phantom.sdf import FloatArray

RIB_STEP_MM = 30.0
_DEEP = Fibres("body", (22, 22, 9), 0.10)


def envelope(dimensions: Dimensions, points: Points) -> FloatArray:
    """Signed distance to the surface of the muscles, under skin and fat, shape (n,)."""
    return points.once("envelope", lambda p: _envelope(dimensions, p))


def _envelope(dimensions: Dimensions, points: Points) -> FloatArray:
    body, arm = points.within("body"), points.within("humerus")
    blade = points.within("scapula")
    head, thick = dimensions.head_radius_mm, dimensions.deltoid_thickness_mm
    size = dimensions.stature_mm / 1700
    dome = head + 6.5 + 0.85 * thick
    limb = round_cones(
        arm,
        [(2, 0, -2), (5, 0, -1.6 * head), (8, 0, -130), (8, 0, -240)],
        (dome, dome + 2, 42 * size + 0.3 * thick, 36 * size + 0.3 * thick),
    )
    marks = landmarks(dimensions)
    tip, angle = marks.acromion_tip, marks.acromial_angle
    over = dimensions.acromion_thickness_mm / 2 + 4.0
    roof = round_cones(
        blade,
        [tip, marks.acromion_lateral, angle, (-35, 30, 16), (-90, 10, 8)],
        (over + 5, over, over + 3, over + 3, over + 4),
    )
    collar = round_cones(blade, clavicle_line(dimensions), (11, 11, 12, 13, 14))
    slope = round_cones(
        body,
        [(-14, 8, 34), (-62, 20, 38), (-118, 28, 62), (-165, 30, 110)],
        (14, 27, 42, 52),
    )
    back = ellipsoid(blade, (-55, 6, -30), (72 * size, 31 * size, 92 * size))
    breast = ellipsoid(body, (-48 * size, -42, -42 * size), (66 * size, 36 * size, 68 * size))
    chest = ellipsoid(
        body, _chest_centre(dimensions), tuple(np.array(_chest_radii(dimensions)) + 26)
    )
    whole = smooth_union(limb, roof, 16.0)
    whole = smooth_union(whole, collar, 16.0)
    whole = smooth_union(whole, slope, 24.0)
    whole = smooth_union(whole, back, 24.0)
    whole = smooth_union(whole, breast, 26.0)
    return smooth_union(whole, chest, 34.0)


def skin_layers(dimensions: Dimensions, noise: Noise) -> list[Layer]:
    """Skin, subcutaneous fat with its septa, and the fat between the muscles."""

    def muscles(points: Points) -> FloatArray:
        return envelope(dimensions, points)

    def outside(points: Points) -> FloatArray:
        body = points.within("body")
        # Fat is thinner over the acromion than on arm and chest.
        away = clamp(np.abs(body[2] - 38) / 60, 0, 1)
        fat = dimensions.subcutaneous_fat_mm * (0.55 + 0.45 * away)
        return muscles(points) - fat * (1 + 0.06 * noise.at(body, (45, 45, 45)))

    def skin(points: Points) -> FloatArray:
        return points.once("outside", outside) - dimensions.skin_mm

    def septa(points: Points) -> FloatArray:
        body = points.within("body")
        sheet = np.abs(noise.at(body, (9, 9, 7)))
        grain = clamp(0.10 + 0.05 * noise.at(body, (2, 2, 2)), 0, 1)
        return grain + 0.3 * clamp(1.5 - 10 * sheet, 0, 1)

    def strands(points: Points) -> FloatArray:
        return clamp(0.12 + 0.12 * noise.at(points.within("body"), (6, 6, 4)), 0, 1)

    return [
        Layer(Structure.SKIN, skin),
        Layer(Structure.SUBCUTANEOUS_FAT, lambda p: p.once("outside", outside), septa),
        Layer(Structure.INTERMUSCULAR_FAT, muscles, strands),
        # What no named muscle fills is muscle too: the deep layers of back, chest and neck.
        Layer(Structure.OTHER_MUSCLE, lambda p: muscles(p) + 1.2, streaks(_DEEP, noise)),
    ]


def chest_layers(dimensions: Dimensions, noise: Noise) -> list[Layer]:
    """Serratus, intercostal muscles, ribs and lung."""

    def wall(points: Points) -> FloatArray:
        return points.once(
            "chest",
            lambda p: ellipsoid(
                p.within("body"), _chest_centre(dimensions), _chest_radii(dimensions)
            ),
        )

    def rib(points: Points) -> FloatArray:
        body = points.within("body")
        # Ribs fall from back to front.
        height = body[2] + 0.45 * (body[1] * -1.0) + 8 * np.sin(body[1] / 40)
        step = np.mod(height + 11, RIB_STEP_MM) - RIB_STEP_MM / 2
        shell = wall(points) + 7
        distance: FloatArray = np.hypot(step / 1.6, shell) - 4.2
        return distance

    def fat(points: Points) -> FloatArray:
        return clamp(0.05 + 0.1 * noise.at(points.within("body"), (20, 20, 4)), 0, 1)

    return [
        Layer(Structure.SERRATUS_ANTERIOR, lambda p: wall(p) - 9, fat),
        Layer(Structure.INTERMUSCULAR_FAT, lambda p: wall(p) - 0.8),
        Layer(Structure.CHEST_WALL, wall, fat),
        Layer(Structure.LUNG, lambda p: wall(p) + 13),
        Layer(Structure.RIB_CORTEX, rib),
        Layer(Structure.RIB_MARROW, lambda p: rib(p) + 1.0, nested=True),
    ]


def vessel_layers(frames: Mapping[FrameName, Frame], noise: Noise) -> list[Layer]:
    """The axillary bundle and its branch round the neck."""

    def on_arm(x: float, y: float, z: float) -> FloatArray:
        return frames["humerus"].to_body(np.array([[x], [y], [z]]))[:, 0]

    middle = [
        np.array([-95.0, -25.0, 30.0]),
        np.array([-55.0, -38.0, 0.0]),
        np.array([-20.0, -26.0, -42.0]),
        on_arm(-20, 0, -95),
        on_arm(-20, 2, -200),
    ]
    branch = [np.array([-18.0, -20.0, -40.0]), np.array([2.0, 14.0, -38.0]), on_arm(14, 20, -44)]

    def tube(radius: float, aside: tuple[float, float, float]) -> Distance:
        line = [spot + np.array(aside) for spot in middle]
        return lambda p: round_cones(p.within("body"), line, (radius,) * len(line))

    layers = [
        Layer(
            Structure.NEUROVASCULAR_FAT,
            lambda p: _ragged(noise, round_cones(p.within("body"), middle, (13, 12, 12, 8, 6)), p),
            lambda p: _strands(noise, p),
        ),
        Layer(
            Structure.NEUROVASCULAR_FAT,
            lambda p: _ragged(noise, round_cones(p.within("body"), branch, (6, 5, 2)), p),
            lambda p: _strands(noise, p),
        ),
    ]
    for structure, radius, aside in (
        (Structure.ARTERY, 3.4, (0, 0, 0)),
        (Structure.VEIN, 4.6, (-5, -6, -4)),
        (Structure.NERVE, 2.0, (5, 2, 4)),
        (Structure.NERVE, 2.2, (-3, 6, 3)),
        (Structure.NERVE, 1.8, (4, -5, 1)),
    ):
        layers.append(Layer(structure, tube(radius, aside)))
    layers.append(
        Layer(Structure.ARTERY, lambda p: round_cones(p.within("body"), branch, (1.8, 1.6, 1.2)))
    )
    return layers


def _chest_centre(dimensions: Dimensions) -> tuple[float, float, float]:
    size = dimensions.stature_mm / 1700
    return -168 * size, -22 * size, -150 * size


def _chest_radii(dimensions: Dimensions) -> tuple[float, float, float]:
    size = dimensions.stature_mm / 1700
    return 122 * size, 88 * size, 195 * size


def notch_layers(noise: Noise) -> list[Layer]:
    """The suprascapular vessels in their fat, in the notch behind the glenoid's neck.

    The bellies of the cuff give way to them, so those are painted before.
    """
    line = [(-30.0, 0.0, 26.0), (-24.0, 8.0, 24.0), (-20.0, 12.5, 19.0), (-19.0, 17.0, 7.0)]

    def fat(points: Points) -> FloatArray:
        return _ragged(noise, round_cones(points.within("scapula"), line, (3, 4, 4, 4)), points)

    def vein(points: Points) -> FloatArray:
        return round_cones(points.within("scapula"), line, (1.0, 1.1, 1.1, 0.9))

    return [
        Layer(Structure.NEUROVASCULAR_FAT, fat, lambda p: _strands(noise, p)),
        Layer(Structure.VEIN, vein),
    ]


def _strands(noise: Noise, points: Points) -> FloatArray:
    """How much of the fat around vessels is not fat."""
    return clamp(0.1 + 0.15 * noise.at(points.within("body"), (4, 4, 4)), 0, 1)


def _ragged(noise: Noise, distance: FloatArray, points: Points) -> FloatArray:
    """Fat that creeps between the muscles instead of a smooth tube."""
    creeping: FloatArray = distance + 1.8 * noise.at(points.within("body"), (14, 14, 14))
    return creeping
