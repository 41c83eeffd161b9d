"""Which dimensions of a shoulder go together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from shoulderseg.datasets.phantom.distributions import DISTRIBUTIONS

if TYPE_CHECKING:
    import numpy as np

# How strongly a dimension follows each trait that people have more or less of, all traits being
# independent of each other: within a sex two dimensions correlate by the sum over traits of the
# products of their loadings. Set so that, in both sexes together, these come out:
# - head radius and stature 0.77: 205 patients, Orthopedics 2017;40(3):155-160 (read)
# - glenoid width with width and thickness of the coracoid, 0.76: 10.1186/s13018-020-01600-1 (read)
# - head offset and head diameter -0.31: Barth, 10.1186/s40634-018-0148-2 (read)
# - groove depth and biceps tendon 0.50: MRI of 110 patients (read)
# Inclination and critical shoulder angle share 74 % of their variance over torn and arthritic
# shoulders, Daggett, 10.1016/j.jse.2015.07.013 (read); the narrower range of healthy ones has less.
# Version of glenoid and head (Matsumura 2014) and tendons against body size (Karthikeyan 2014) are
# known not to correlate. The other loadings are estimates.
LOADINGS: dict[str, dict[str, float]] = {
    "stature_mm": {"size": 1.0},
    "head_radius_mm": {"size": 0.55, "joint": 0.65},
    "head_medial_offset_mm": {"joint": -0.68},
    "groove_depth_mm": {"groove": 0.64},
    "shaft_radius_mm": {"size": 0.45, "joint": 0.15, "build": 0.40},
    "shaft_cortex_mm": {"build": 0.50},
    "scapula_height_mm": {"size": 0.60, "joint": 0.25},
    "scapula_width_mm": {"size": 0.55, "joint": 0.30},
    "glenoid_height_mm": {"size": 0.55, "joint": 0.60},
    "glenoid_width_mm": {"size": 0.50, "joint": 0.65},
    "glenoid_inclination_deg": {"tilt": 0.75},
    "critical_shoulder_angle_deg": {"tilt": 0.75},
    "acromion_thickness_mm": {"size": 0.30, "build": 0.40},
    "acromion_width_mm": {"size": 0.40, "joint": 0.20},
    "acromion_length_mm": {"size": 0.45, "joint": 0.20},
    "coracoid_length_mm": {"size": 0.45, "joint": 0.60},
    "coracoid_thickness_mm": {"size": 0.40, "joint": 0.60},
    "coracoid_width_mm": {"size": 0.40, "joint": 0.65},
    "spine_height_mm": {"size": 0.45},
    "lateral_border_thickness_mm": {"size": 0.25, "build": 0.35},
    "clavicle_radius_mm": {"size": 0.25, "build": 0.40},
    "clavicle_width_mm": {"size": 0.30, "build": 0.25},
    "humeral_cartilage_mm": {"cartilage": 0.75},
    "glenoid_cartilage_mm": {"cartilage": 0.75},
    "biceps_tendon_radius_mm": {"groove": 0.64},
    "deltoid_thickness_mm": {"build": 0.60, "size": 0.15},
    "supraspinatus_height_mm": {"build": 0.60, "size": 0.25},
    "supraspinatus_depth_mm": {"build": 0.60, "size": 0.25},
}
TRAITS = sorted({trait for loads in LOADINGS.values() for trait in loads})


def correlated_scores(rng: np.random.Generator) -> dict[str, float]:
    """Draws a standard normal score for each entry of `DISTRIBUTIONS`, correlated by `LOADINGS`."""
    traits = dict(zip(TRAITS, rng.standard_normal(len(TRAITS)), strict=True))
    scores = {}
    for name, own in zip(DISTRIBUTIONS, rng.standard_normal(len(DISTRIBUTIONS)), strict=True):
        loads = LOADINGS.get(name, {})
        shared = sum(load * traits[trait] for trait, load in loads.items())
        rest = math.sqrt(1 - sum(load**2 for load in loads.values()))
        scores[name] = float(shared + rest * own)
    return scores
