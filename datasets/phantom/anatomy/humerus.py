"""The proximal humerus: head, neck, tuberosities, groove, shaft, and its marrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.phantom.anatomy.glenoid import glenoid_distance
from shoulderseg.datasets.phantom.layers import Layer
from shoulderseg.datasets.phantom.sdf import (
    clamp,
    ellipsoid,
    half_space,
    intersection,
    round_cones,
    smooth_difference,
    smooth_intersection,
    smooth_union,
    sphere,
    union,
)
from shoulderseg.datasets.phantom.structures import Structure

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.anatomy.findings import Findings
    from shoulderseg.datasets.phantom.dimensions import Dimensions
    from shoulderseg.datasets.phantom.frames import Points
    from shoulderseg.datasets.phantom.noise import Noise
    from shoulderseg.datasets.phantom.sdf import FloatArray

SHAFT_END_MM = -220.0
OSTEOPHYTE_GAP_MM = 4.0


def head_axis(dimensions: Dimensions) -> npt.NDArray[np.float64]:
    """Direction from the neck to the middle of the articular surface, humerus frame, (3,)."""
    from_canal = np.radians(180 - dimensions.neck_shaft_angle_deg)
    return np.array([-np.sin(from_canal), 0.0, np.cos(from_canal)])


def canal(dimensions: Dimensions) -> tuple[float, float]:
    """Where the canal's axis crosses the level of the head's centre, humerus frame (x, y)."""
    return dimensions.head_medial_offset_mm, -dimensions.head_posterior_offset_mm


def sound_humerus_distance(dimensions: Dimensions, points: Points) -> FloatArray:
    """Signed distance to the bone as it would be without findings, shape (n,)."""
    return points.once("sound humerus", lambda p: _sound(dimensions, p.within("humerus")))


def humerus_distance(dimensions: Dimensions, findings: Findings, points: Points) -> FloatArray:
    """Signed distance to the bone with its defects and osteophytes, shape (n,)."""
    return points.once("humerus", lambda p: _with_findings(dimensions, findings, p))


def _with_findings(dimensions: Dimensions, findings: Findings, points: Points) -> FloatArray:
    place = points.within("humerus")
    bone = sound_humerus_distance(dimensions, points)
    if findings.humeral_osteophyte_mm > 0:
        # Spurs of both bones grow past each other, not together.
        apart = OSTEOPHYTE_GAP_MM - glenoid_distance(dimensions, findings, points)
        spur = intersection(_osteophyte(dimensions, findings, place), apart)
        bone = smooth_union(bone, spur, 4.0)
    if findings.hill_sachs_depth_mm > 0:
        bone = smooth_difference(bone, hill_sachs(dimensions, findings, points), 1.5)
    return bone


def hill_sachs(dimensions: Dimensions, findings: Findings, points: Points) -> FloatArray:
    """Distance to what a Hill-Sachs impaction took out of the back of the head, shape (n,).

    A ball whose deepest point lies `hill_sachs_depth_mm` under the head's surface and which opens
    `hill_sachs_width_mm` wide there.
    """
    depth, half = findings.hill_sachs_depth_mm, findings.hill_sachs_width_mm / 2
    head = dimensions.head_radius_mm
    # The ball's surface meets the head's where the opening is; both spheres contain that circle.
    sunk = head - np.sqrt(head * head - half * half)
    cap = depth - sunk
    radius = (half * half + cap * cap) / (2 * cap)
    direction = np.array([0.25, 0.80, 0.45])
    direction /= np.linalg.norm(direction)
    return sphere(points.within("humerus"), direction * (head - depth + radius), radius)


def humerus_layers(dimensions: Dimensions, findings: Findings, noise: Noise) -> list[Layer]:
    """The bone as layers: cortex, marrow, physeal scar, oedema."""

    def bone(points: Points) -> FloatArray:
        return humerus_distance(dimensions, findings, points)

    def marrow(points: Points) -> FloatArray:
        return bone(points) + _cortex_mm(dimensions, points)

    def red_share(points: Points) -> FloatArray:
        place = points.within("humerus")
        below = clamp((-place[2] - 0.1 * dimensions.head_radius_mm) / 22, 0, 1)
        patches = noise.at(place, (9, 9, 22))
        fine = noise.at(place, (1.6, 1.6, 2.6))
        share = below * (0.75 + 0.35 * patches) * findings.red_marrow + 0.08 * fine + 0.05
        return clamp(share, 0, 1)

    def scar(points: Points) -> FloatArray:
        place = points.within("humerus")
        axis = head_axis(dimensions)
        level = dimensions.head_radius_mm - dimensions.head_height_mm
        wave = 1.5 * noise.at(place, (14, 14, 14))
        off = np.abs(half_space(place, axis * (level - 4), axis) + wave) - 0.45
        return intersection(off, marrow(points) + 1.0)

    def oedema_share(points: Points) -> FloatArray:
        centre = findings.oedema_centre_mm
        place = points.within("humerus")
        away = sphere(place, centre, findings.oedema_radius_mm) / (0.5 * findings.oedema_radius_mm)
        return clamp(-away + 0.25 * noise.at(place, (5, 5, 5)), 0, 1)

    layers = [
        Layer(Structure.HUMERUS_CORTEX, bone),
        Layer(Structure.HUMERUS_MARROW, marrow, red_share, nested=True),
        Layer(Structure.HUMERUS_PHYSEAL_SCAR, scar, opacity=findings.physeal_scar),
    ]
    if findings.oedema_radius_mm > 0:
        layers.append(
            Layer(
                Structure.HUMERUS_MARROW_OEDEMA,
                lambda p: np.maximum(
                    marrow(p),
                    sphere(
                        p.within("humerus"), findings.oedema_centre_mm, findings.oedema_radius_mm
                    ),
                ),
                oedema_share,
            )
        )
    return layers


def _cortex_mm(dimensions: Dimensions, points: Points) -> FloatArray:
    """Thin under cartilage and over the tuberosities, thick around the shaft."""
    down = clamp((-points.within("humerus")[2] - 18) / 45, 0, 1)
    down = down * down * (3 - 2 * down)
    thin = dimensions.subchondral_cortex_mm
    return thin + down * (dimensions.shaft_cortex_mm - thin)


def _sound(dimensions: Dimensions, place: FloatArray) -> FloatArray:
    """The bone without findings."""
    head = dimensions.head_radius_mm
    axis = head_axis(dimensions)
    level = head - dimensions.head_height_mm
    ball = smooth_intersection(
        sphere(place, (0, 0, 0), head), half_space(place, axis * (level - 9), -axis), 2.0
    )
    x, y = canal(dimensions)
    shaft = dimensions.shaft_radius_mm
    neck = dimensions.surgical_neck_radius_mm
    metaphysis = round_cones(
        place,
        [
            (0.20 * x, 0.3 * y, 0.02 * head),
            (0.55 * x, 0.6 * y, -0.40 * head),
            (x, y, -1.30 * head),
            (x, y, -1.85 * head),
            (x, y, -2.6 * head),
            (x, y, SHAFT_END_MM),
        ],
        (0.80 * head, 0.74 * head, neck - 1, 0.5 * (neck + shaft) - 1, shaft, 0.95 * shaft),
    )
    bone = smooth_union(ball, metaphysis, 6.0)
    bone = smooth_union(bone, _tuberosities(dimensions, place), 7.0)
    # The groove takes away no more than its depth under the surface that would be there.
    groove = intersection(_groove(dimensions, place), -bone - dimensions.groove_depth_mm)
    return smooth_difference(bone, groove, 3.5)


def _tuberosities(dimensions: Dimensions, place: FloatArray) -> FloatArray:
    head = dimensions.head_radius_mm
    top = head - dimensions.tuberosity_drop_mm
    greater = ellipsoid(
        place,
        (0.44 * head, 0.12 * head, top - 0.62 * head),
        (0.62 * head, 0.82 * head, 0.62 * head),
    )
    lesser = ellipsoid(
        place,
        (0.24 * head, -0.74 * head, top - 0.72 * head),
        (0.40 * head, 0.34 * head, 0.5 * head),
    )
    return union(greater, lesser)


def groove_line(dimensions: Dimensions) -> list[tuple[float, float, float]]:
    """Middle of the bicipital groove's floor line from top to bottom, humerus frame."""
    head = dimensions.head_radius_mm
    x, y = canal(dimensions)
    azimuth = np.radians(-52)
    outward = np.array([np.cos(azimuth), np.sin(azimuth)])
    line = []
    for height, radius in ((0.75, 0.80), (0.30, 1.02), (-0.5, 0.95), (-1.5, 0.78), (-2.6, 0.62)):
        spot = 0.5 * np.array([x, y]) * min(1.0, max(0.0, 0.5 - height)) + outward * radius * head
        line.append((float(spot[0]), float(spot[1]), height * head))
    return line


def _groove(dimensions: Dimensions, place: FloatArray) -> FloatArray:
    half = dimensions.groove_width_mm / 2
    line = groove_line(dimensions)
    return round_cones(place, line, (half * 0.8, half, half * 0.9, half * 0.5, half * 0.2))


def _osteophyte(dimensions: Dimensions, findings: Findings, place: FloatArray) -> FloatArray:
    """A beak at the lower edge of the articular surface."""
    head, size = dimensions.head_radius_mm, findings.humeral_osteophyte_mm
    return ellipsoid(
        place, (-0.72 * head, 0.0, -0.66 * head - 0.3 * size), (0.7 * size + 2, 9 + size, size + 2)
    )
