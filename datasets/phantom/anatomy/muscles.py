"""The muscles around the joint that are not the rotator cuff."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.phantom.anatomy.fibres import Fibres, belly_layers, coated, streaks
from shoulderseg.datasets.phantom.anatomy.humerus import canal
from shoulderseg.datasets.phantom.anatomy.scapula_landmarks import landmarks
from shoulderseg.datasets.phantom.anatomy.trunk import envelope
from shoulderseg.datasets.phantom.layers import Layer
from shoulderseg.datasets.phantom.sdf import (
    Strap,
    clamp,
    half_space,
    intersection,
    round_cones,
    smooth_union,
)
from shoulderseg.datasets.phantom.structures import Structure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shoulderseg.datasets.phantom.dimensions import Dimensions
    from shoulderseg.datasets.phantom.frames import Frame, FrameName, Points
    from shoulderseg.datasets.phantom.noise import Noise
    from shoulderseg.datasets.phantom.sdf import FloatArray

Spot = tuple[float, float, float]
# A spot in the scapula frame, from how far right, back and up it is somewhere else.
Place = Callable[[float, float, float], Spot]
_BACK = (0.0, 1.0, 0.0)
LEAN = 0.04
TRAPEZIUS_MM = 13.0


def muscle_layers(
    dimensions: Dimensions, frames: Mapping[FrameName, Frame], noise: Noise
) -> list[Layer]:
    """All of them in the order of painting, deep ones last."""
    along_blade = Fibres("scapula", (30, 6, 6), LEAN)
    along_arm = Fibres("humerus", (5, 5, 45), LEAN)
    straps = _straps(dimensions, frames)
    layers = [Layer(Structure.INTERMUSCULAR_FAT, lambda p: _fat_under_trapezius(dimensions, p))]
    layers += coated(
        Structure.TRAPEZIUS,
        lambda p: _trapezius(dimensions, p),
        streaks(Fibres("scapula", (40, 9, 3.5), LEAN), noise),
        noise,
    )
    layers += coated(
        Structure.DELTOID,
        lambda p: _deltoid(dimensions, p),
        # Its bundles are parted by fat, so its streaks are broad and many.
        streaks(Fibres("humerus", (6, 6, 60), 0.12), noise),
        noise,
    )
    for structure, belly in straps.items():
        arm = structure in (Structure.TRICEPS, Structure.BICEPS, Structure.CORACOBRACHIALIS)
        local = [_moved(shape, frames) for shape in belly] if arm else belly
        layers += belly_layers(structure, local, along_arm if arm else along_blade, noise)
    return layers


def _deltoid(dimensions: Dimensions, points: Points) -> FloatArray:
    """What lies between the cuff's hood and the body's muscle surface, down the arm's outside."""
    arm, body = points.within("humerus"), points.within("body")
    head = dimensions.head_radius_mm
    x, y = canal(dimensions)
    core = round_cones(
        arm,
        [(0, 0, 0), (x * 0.6, y, -1.2 * head), (x, y, -2.2 * head), (x, y, -200)],
        (head + 6.5, head * 0.92, dimensions.shaft_radius_mm + 3, dimensions.shaft_radius_mm + 1),
    )
    surface = envelope(dimensions, points)
    shell = np.maximum(surface + 0.6, -core)
    # In front and behind it ends at grooves that close in towards its insertion on the shaft.
    inner = clamp((-arm[2]) / 130, 0, 1.2)
    front = half_space(body, (-12, 0, 0), (-1.0, 0.3, 0)) + 34 * inner
    back = half_space(body, (-16, 0, 0), (-1.0, -0.3, 0)) + 38 * inner
    edge = np.where(body[1] < 0, front, back)
    arch = landmarks(dimensions).acromion_lateral
    below = points.within("scapula")[2] - (arch[2] - 9)
    beside = arch[0] - 3 - points.within("scapula")[0]
    origin = smooth_union(below, beside + 0.4 * below, 14.0)
    return intersection(np.maximum(shell, edge), np.maximum(origin, -body[2] - 135))


def _fat_under_trapezius(dimensions: Dimensions, points: Points) -> FloatArray:
    """The pad of fat between trapezius and supraspinatus, thicker in stouter people."""
    place = points.within("scapula")
    surface = envelope(dimensions, points)
    thick = 0.5 + 0.4 * dimensions.subcutaneous_fat_mm
    edge = landmarks(dimensions).acromion_tip[0] - 0.5 * dimensions.acromion_width_mm
    pad = np.maximum(surface + TRAPEZIUS_MM - 1, -surface - TRAPEZIUS_MM - np.minimum(thick, 7.0))
    return intersection(np.maximum(pad, place[0] - edge), 32 - place[2])


def _trapezius(dimensions: Dimensions, points: Points) -> FloatArray:
    """A sheet under the skin from the neck to clavicle, acromion and scapular spine."""
    place = points.within("scapula")
    surface = envelope(dimensions, points)
    edge = landmarks(dimensions).acromion_tip[0] - 0.4 * dimensions.acromion_width_mm
    thick = TRAPEZIUS_MM * clamp((edge - place[0]) / 30, 0, 1)
    sheet = np.maximum(surface + 0.6, -surface - thick)
    above = 0.55 * (26 - place[2]) - 0.2 * (place[1] - 25)
    return intersection(np.maximum(sheet, place[0] - edge), above)


def _straps(
    dimensions: Dimensions, frames: Mapping[FrameName, Frame]
) -> dict[Structure, list[Strap]]:
    """Bellies in the scapula frame."""
    x, y = canal(dimensions)

    def on_arm(right: float, back: float, height: float) -> Spot:
        """A spot beside the shaft, from the humerus into the scapula frame."""
        body = frames["humerus"].to_body(np.array([[x + right], [y + back], [height]]))
        spot = frames["scapula"].from_body(body)[:, 0]
        return float(spot[0]), float(spot[1]), float(spot[2])

    def in_body(right: float, back: float, height: float) -> Spot:
        spot = frames["scapula"].from_body(np.array([[right], [back], [height]]))[:, 0]
        return float(spot[0]), float(spot[1]), float(spot[2])

    return {
        **_chest_and_back_straps(dimensions, on_arm, in_body),
        **_arm_straps(dimensions, on_arm),
    }


def _chest_and_back_straps(
    dimensions: Dimensions, on_arm: Place, in_body: Place
) -> dict[Structure, list[Strap]]:
    """Bellies from the trunk and the scapula's inferior angle."""
    tip = np.array(landmarks(dimensions).coracoid_tip)
    shaft = dimensions.shaft_radius_mm
    low = landmarks(dimensions).inferior_angle
    flat = (0.3, 0.8, 0.3)
    return {
        Structure.PECTORALIS_MAJOR: [
            Strap(
                [in_body(-120, -85, -70), in_body(-50, -66, -45), on_arm(2, -shaft - 3, -52)],
                [(45, 9), (30, 11), (16, 5)],
                flat,
            ),
        ],
        Structure.PECTORALIS_MINOR: [
            Strap(
                [tuple(tip - (2, 0, 2)), in_body(-35, -52, -40), in_body(-75, -62, -95)],
                [(6, 3), (13, 6), (24, 5)],
                flat,
            ),
        ],
        Structure.LATISSIMUS_DORSI: [
            Strap(
                [in_body(-70, 70, -170), in_body(-28, 38, -95), on_arm(-shaft, -8, -62)],
                [(26, 6), (17, 7), (12, 3)],
                _BACK,
            ),
        ],
        Structure.TERES_MAJOR: [
            Strap(
                [(low[0] + 6, 6, low[2] + 10), (-42, 6, -74), on_arm(-shaft - 1, -4, -66)],
                [(12, 8), (12, 10), (9, 4)],
                _BACK,
            ),
        ],
    }


def _arm_straps(dimensions: Dimensions, on_arm: Place) -> dict[Structure, list[Strap]]:
    """Bellies along the shaft."""
    tip = np.array(landmarks(dimensions).coracoid_tip)
    shaft = dimensions.shaft_radius_mm
    return {
        Structure.TRICEPS: [
            Strap(
                [(-7, 3, -25), on_arm(-6, 16, -75), on_arm(-4, 20, -190)],
                [(6, 4), (12, 9), (24, 14)],
                _BACK,
            ),
            Strap(
                [on_arm(4, shaft + 5, -45), on_arm(6, shaft + 9, -100), on_arm(2, 22, -200)],
                [(5, 3), (14, 8), (24, 14)],
                _BACK,
            ),
        ],
        Structure.CORACOBRACHIALIS: [
            Strap(
                [tuple(tip - (1, 1, 3)), on_arm(-16, -16, -75), on_arm(-12, -8, -140)],
                [(5, 4), (8, 7), (6, 5)],
                _BACK,
            ),
        ],
        Structure.BICEPS: [
            Strap(
                [tuple(tip - (0, 2, 3)), on_arm(-6, -22, -80), on_arm(-2, -26, -200)],
                [(4, 3), (12, 9), (22, 14)],
                _BACK,
            ),
        ],
    }


def _moved(shape: Strap, frames: Mapping[FrameName, Frame]) -> Strap:
    """A strap from the scapula into the humerus frame."""
    spots = np.array(shape.joints_mm, dtype=np.float64).T
    moved = frames["humerus"].from_body(frames["scapula"].to_body(spots)).T
    thin = frames["humerus"].axes.T @ frames["scapula"].axes @ np.array(shape.thin)
    return Strap(list(moved), shape.half_widths_mm, thin, shape.blend_mm)
