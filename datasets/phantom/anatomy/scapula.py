"""The scapula: blade, borders, spine, acromion, coracoid, joined to the glenoid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.phantom.anatomy.glenoid import glenoid_distance
from shoulderseg.datasets.phantom.anatomy.scapula_landmarks import (
    Landmarks,
    Spot,
    acromion_distance,
    landmarks,
)
from shoulderseg.datasets.phantom.layers import Layer
from shoulderseg.datasets.phantom.sdf import (
    Strap,
    clamp,
    polygon,
    round_cones,
    smooth_intersection,
    smooth_union,
    strap,
    union,
)
from shoulderseg.datasets.phantom.structures import Structure

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.anatomy.findings import Findings
    from shoulderseg.datasets.phantom.dimensions import Dimensions
    from shoulderseg.datasets.phantom.frames import Points
    from shoulderseg.datasets.phantom.noise import Noise
    from shoulderseg.datasets.phantom.sdf import FloatArray

_ROUNDING_MM = 9.0


def scapula_distance(dimensions: Dimensions, findings: Findings, points: Points) -> FloatArray:
    """Signed distance to the whole bone, shape (n,)."""
    place = points.within("scapula")
    marks = landmarks(dimensions)
    blade = smooth_union(_blade(dimensions, marks, place), _borders(dimensions, marks, place), 4.0)
    spine = smooth_union(_spine(dimensions, marks, place), blade, 3.0)
    neck = glenoid_distance(dimensions, findings, points)
    # The joint's rim keeps its own shape: the further behind it, the softer neck and blade merge.
    behind = clamp((-points.within("glenoid")[0] - 3) / 22, 0, 1)
    body = smooth_union(neck, spine, 0.5 + 13 * behind)
    # The coracoid's root is as wide as a third of the glenoid and goes over into it.
    root = clamp((-points.within("glenoid")[0] - 3) / 8, 0, 1)
    body = smooth_union(body, _coracoid(dimensions, marks, place), 0.5 + 9 * root)
    arch = smooth_union(
        acromion_distance(dimensions, marks, place), _crest(dimensions, marks, place), 6.0
    )
    return smooth_union(body, arch, 2.0)


def scapula_layers(dimensions: Dimensions, findings: Findings, noise: Noise) -> list[Layer]:
    """The bone as layers: cortex and marrow."""

    def bone(points: Points) -> FloatArray:
        return points.once("scapula", lambda p: scapula_distance(dimensions, findings, p))

    def marrow(points: Points) -> FloatArray:
        return bone(points) + dimensions.subchondral_cortex_mm

    def red_share(points: Points) -> FloatArray:
        place = points.within("scapula")
        medial = clamp((-place[0] - 4) / 14, 0, 1)
        patches = noise.at(place, (8, 8, 8))
        fine = noise.at(place, (1.8, 1.8, 1.8))
        share = (0.55 + 0.35 * medial + 0.35 * patches) * findings.red_marrow + 0.12 * fine + 0.1
        return clamp(share, 0, 1)

    return [
        Layer(Structure.SCAPULA_CORTEX, bone),
        Layer(Structure.SCAPULA_MARROW, marrow, red_share, nested=True),
    ]


def blade_bow_mm(dimensions: Dimensions, place: FloatArray) -> FloatArray:
    """How far the blade's middle plane lies behind the scapular plane, shape (n,)."""
    medial = clamp(-place[0] / dimensions.scapula_width_mm, 0, 1)
    upper = clamp(place[2] / 40, 0, 1)
    return 14 * medial * (1 - medial) - 5 * upper * medial


def _inset(corners: list[tuple[float, float]], by_mm: float) -> list[tuple[float, float]]:
    """Moves the corners of a polygon towards its middle."""
    spots = np.array(corners)
    inward = spots.mean(axis=0) - spots
    inward /= np.linalg.norm(inward, axis=1)[:, None]
    return [(float(x), float(y)) for x, y in spots + inward * by_mm * 1.2]


def _blade(dimensions: Dimensions, marks: Landmarks, place: FloatArray) -> FloatArray:
    wide, tall = dimensions.scapula_width_mm, dimensions.scapula_height_mm
    corners = [
        (-10.0, -12.0),
        (-0.40 * wide, -0.36 * tall),
        (marks.inferior_angle[0], marks.inferior_angle[2]),
        (-0.97 * wide, -0.45 * tall),
        (-wide, 0.0),
        (marks.superior_angle[0], marks.superior_angle[2]),
        (-0.38 * wide, 0.135 * tall),
        (-14.0, 0.10 * tall),
    ]
    within = polygon(place[0], place[2], _inset(corners, _ROUNDING_MM)) - _ROUNDING_MM
    bow = place[1] - blade_bow_mm(dimensions, place)
    return smooth_intersection(np.abs(bow) - dimensions.blade_thickness_mm / 2, within, 2.0)


def _borders(dimensions: Dimensions, marks: Landmarks, place: FloatArray) -> FloatArray:
    wide, tall = dimensions.scapula_width_mm, dimensions.scapula_height_mm
    thick = dimensions.lateral_border_thickness_mm / 2
    low = marks.inferior_angle
    lateral = round_cones(
        place,
        [(-12, 1, -15), (-0.40 * wide, 2.5, -0.36 * tall), (low[0] + 5, 1.5, low[2] + 6)],
        (thick + 1.5, thick, thick * 0.8),
    )
    high = marks.superior_angle
    medial = round_cones(
        place,
        [(low[0], 1, low[2]), (-0.97 * wide, 0, -0.45 * tall), marks.trigonum, high],
        (3.0, 2.0, 2.4, 1.8),
    )
    return union(lateral, medial)


def _crest_line(dimensions: Dimensions, marks: Landmarks) -> list[Spot]:
    """Free edge of the spine from the medial border to the acromial angle."""
    wide, off = dimensions.scapula_width_mm, dimensions.spine_height_mm
    x, y, z = marks.acromial_angle
    start = marks.trigonum
    return [
        (start[0] + 2, start[1] + 1, start[2] + 2),
        (-0.70 * wide, 0.55 * off, 10),
        (-0.42 * wide, 0.90 * off, 15),
        (-0.15 * wide, 1.15 * off, 19),
        (x - 10, y + 2, z - 2),
    ]


def _spine(dimensions: Dimensions, marks: Landmarks, place: FloatArray) -> FloatArray:
    """The thin wall from the blade to the free edge."""
    crest = _crest_line(dimensions, marks)
    across = place[1] - 0.5 * blade_bow_mm(dimensions, place)
    # In the plane of (x, y) the wall is bounded by blade, crest and the notch behind the joint.
    corners = [
        (crest[0][0], crest[0][1]),
        (crest[1][0], crest[1][1]),
        (crest[2][0], crest[2][1]),
        (crest[3][0], crest[3][1]),
        (-0.19 * dimensions.scapula_width_mm, 12.0),
        (-0.21 * dimensions.scapula_width_mm, 0.0),
    ]
    within = polygon(place[0], across, corners)
    # It leans up from its root to the free edge.
    lateral = clamp(1 + place[0] / dimensions.scapula_width_mm, 0, 1)
    height = 5 + 5 * lateral + 0.32 * np.maximum(across, 0)
    return smooth_intersection(np.abs(place[2] - height) * 0.93 - 1.9, within, 2.0)


def _crest(dimensions: Dimensions, marks: Landmarks, place: FloatArray) -> FloatArray:
    return strap(
        place,
        Strap(
            _crest_line(dimensions, marks),
            [(4.0, 2.0), (6.0, 3.0), (6.5, 3.0), (7.5, 3.4), (9.5, 3.8)],
            (0.0, 1.0, -0.45),
        ),
    )


def _coracoid(dimensions: Dimensions, marks: Landmarks, place: FloatArray) -> FloatArray:
    wide, thick = dimensions.coracoid_width_mm / 2, dimensions.coracoid_thickness_mm / 2
    bend, tip = marks.coracoid_bend, marks.coracoid_tip
    size = dimensions.coracoid_length_mm / 43.0
    line = [
        (-22.0, -2.0, 12.0),
        (-12.0, -7.5, 17.0),
        bend,
        ((bend[0] + tip[0]) / 2 - 1, (bend[1] + tip[1]) / 2 - 3, (bend[2] + tip[2]) / 2 + 3),
        tuple(bend[k] + (tip[k] - bend[k]) * size for k in range(3)),
    ]
    widths = [
        (wide * 1.2, thick * 1.5),
        (wide * 1.2, thick * 1.6),
        (wide * 1.05, thick * 1.1),
        (wide, thick),
        (wide * 0.85, thick),
    ]
    return strap(place, Strap(line, widths, (0.35, 0.5, 1.0)))
