"""The tendons of the rotator cuff, which hug the head, and that of the biceps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shoulderseg.datasets.phantom.anatomy.humerus import (
    groove_line,
    sound_humerus_distance,
)
from shoulderseg.datasets.phantom.anatomy.pose import head_in_scapula
from shoulderseg.datasets.phantom.layers import Layer
from shoulderseg.datasets.phantom.sdf import clamp, half_space, intersection, round_cones
from shoulderseg.datasets.phantom.structures import Structure

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.anatomy.findings import Findings
    from shoulderseg.datasets.phantom.dimensions import Dimensions
    from shoulderseg.datasets.phantom.frames import Points
    from shoulderseg.datasets.phantom.noise import Noise
    from shoulderseg.datasets.phantom.sdf import FloatArray


class Insertion(NamedTuple):
    """Where a tendon wraps the head and where it ends.

    Attributes:
        tendon: What is painted.
        sector_deg: From and to, around the scapula's x axis; 0 is up, 90 to posterior.
        end: Point of the footprint's far edge, in head radii, humerus frame.
        outward: Direction past the far edge.
        thickness: In thicknesses of the supraspinatus tendon.
    """

    tendon: Structure
    sector_deg: tuple[float, float]
    end: tuple[float, float, float]
    outward: tuple[float, float, float]
    thickness: float


INSERTIONS = (
    Insertion(Structure.TERES_MINOR_TENDON, (100, 140), (0.45, 0.85, -0.45), (0.8, 0.4, -0.5), 0.6),
    Insertion(
        Structure.SUBSCAPULARIS_TENDON, (-140, -38), (0.28, -0.95, -0.1), (0.8, -0.5, 0.0), 0.8
    ),
    Insertion(
        Structure.INFRASPINATUS_TENDON, (28, 102), (0.72, 0.70, 0.05), (0.8, 0.4, -0.4), 0.85
    ),
    Insertion(Structure.SUPRASPINATUS_TENDON, (-30, 32), (0.92, 0.0, 0.42), (0.85, 0.0, -0.5), 1.0),
)


def tendon_layers(dimensions: Dimensions, findings: Findings, noise: Noise) -> list[Layer]:
    """The hood of tendons, with a tear if there is one."""
    layers = [_tendon(dimensions, findings, insertion, noise) for insertion in INSERTIONS]
    if findings.cuff_tear_mm > 0:
        supraspinatus = layers[-1]

        def gap(points: Points) -> FloatArray:
            return intersection(supraspinatus.distance(points), _torn(dimensions, findings, points))

        layers.append(Layer(Structure.BURSA, gap))
    return layers


def biceps_tendon_layers(dimensions: Dimensions, findings: Findings) -> list[Layer]:
    """The long biceps tendon from the upper rim over the head and down the groove."""
    radius = dimensions.biceps_tendon_radius_mm
    head = dimensions.head_radius_mm
    lift = dimensions.humeral_cartilage_mm + radius
    over = np.array([-0.25, -0.28, 0.92])
    over = over / np.linalg.norm(over) * (head + lift)
    start = np.array([-0.82, -0.05, 0.66])
    start = start / np.linalg.norm(start) * (head + lift)
    # In the groove it lies on the floor.
    deep = max(0.0, dimensions.groove_depth_mm - radius - 0.2)
    groove = [np.array(spot) for spot in groove_line(dimensions)]
    line = [start, over, *(spot - deep * _level(spot) for spot in groove)]

    def tendon(points: Points) -> FloatArray:
        return points.once(
            "biceps tendon",
            lambda p: round_cones(p.within("humerus"), line, (radius,) * len(line)),
        )

    sheath = 0.15 + 0.25 * findings.effusion_mm
    return [
        Layer(Structure.JOINT_FLUID, lambda p: tendon(p) - sheath),
        Layer(Structure.BICEPS_LONG_TENDON, tendon),
    ]


def _level(spot: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Direction of a spot away from the humerus's z axis."""
    flat = np.array([spot[0], spot[1], 0.0])
    outward: npt.NDArray[np.float64] = flat / np.linalg.norm(flat)
    return outward


def _tendon(
    dimensions: Dimensions, findings: Findings, insertion: Insertion, noise: Noise
) -> Layer:
    full = dimensions.supraspinatus_tendon_mm * insertion.thickness
    head = dimensions.head_radius_mm
    first, last = np.radians(insertion.sector_deg)
    middle, half = (first + last) / 2, (last - first) / 2

    def distance(points: Points) -> FloatArray:
        place = points.within("scapula")
        # It bridges a defect of the bone and does not sink into it.
        bone = sound_humerus_distance(dimensions, points)
        arm = points.within("humerus")
        ahead = -half_space(arm, np.array(insertion.end) * head, insertion.outward)
        # It gains thickness from the footprint's edge; towards the joint it thins out in muscle.
        inwards = clamp((place[0] - 4) / (0.6 * head), 0, 1)
        thick = full * clamp(ahead / 10, 0, 1) * inwards
        shell = np.maximum(bone - 0.4 - thick, -bone - 1.0)
        _, y, z = head_in_scapula(points.frames)
        angle = np.arctan2(place[1] - y, place[2] - z) - middle
        angle = np.abs((angle + np.pi) % (2 * np.pi) - np.pi)
        # Distance to the sector's edge, or to its tip from behind.
        aside = np.hypot(place[1] - y, place[2] - z) * np.sin(np.minimum(angle - half, np.pi / 2))
        return intersection(np.maximum(shell, aside), np.maximum(-ahead, 4.0 - place[0]))

    def worn(points: Points) -> FloatArray:
        grain = noise.at(points.within("humerus"), (5, 5, 5))
        return clamp(0.06 + 0.06 * grain + 0.15 * findings.cartilage_loss, 0, 0.5)

    return Layer(insertion.tendon, distance, worn)


def _torn(dimensions: Dimensions, findings: Findings, points: Points) -> FloatArray:
    """Distance to the region without tendon: from the footprint back by the retraction."""
    insertion = INSERTIONS[-1]
    end = np.array(insertion.end) * dimensions.head_radius_mm
    ahead = -half_space(points.within("humerus"), end, insertion.outward)
    width = 0.5 * min(24.0, 8.0 + 0.6 * findings.cuff_tear_mm)
    across = np.abs(points.within("humerus")[1] + 2.0) - width
    return intersection(ahead - findings.cuff_tear_mm, across)
