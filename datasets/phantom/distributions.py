"""What is known of the sizes and angles of a shoulder: mean and SD of each, per sex."""

from __future__ import annotations

from typing import Literal

from shoulderseg.datasets.phantom.marginals import Distribution, Kind
from shoulderseg.datasets.phantom.sources import SOURCES

_Row = tuple[tuple[float, float], tuple[float, float], Kind]

# (mean, SD) of women, (mean, SD) of men, and what stands behind them; the words are in `SOURCES`.
_ROWS: dict[str, _Row] = {
    "stature_mm": ((1613, 69), (1754, 75), "recalled"),
    # Humerus.
    "head_radius_mm": ((21.9, 1.3), (24.6, 1.35), "published"),
    "head_height_ratio": ((0.77, 0.04), (0.77, 0.04), "estimate"),
    "neck_shaft_angle_deg": ((136.3, 4.9), (137.7, 4.9), "published"),
    "retroversion_deg": ((26, 11), (26, 11), "published"),
    "head_medial_offset_mm": ((7.0, 2.0), (7.0, 2.0), "recalled"),
    "head_posterior_offset_mm": ((2.0, 1.7), (2.0, 1.7), "estimate"),
    "tuberosity_drop_mm": ((6.4, 1.6), (6.9, 1.6), "estimate"),
    "groove_depth_mm": ((4.0, 0.65), (4.5, 0.65), "published"),
    "groove_width_mm": ((9.8, 0.95), (10.5, 0.95), "published"),
    "shaft_radius_mm": ((10.5, 0.8), (11.9, 0.9), "estimate"),
    "shaft_cortex_mm": ((2.4, 0.45), (2.9, 0.5), "estimate"),
    "surgical_neck_share": ((0.30, 0.06), (0.30, 0.06), "estimate"),
    # Scapula and clavicle.
    "scapula_height_mm": ((142, 9), (159, 10), "estimate"),
    "scapula_width_mm": ((94, 5.5), (104, 6), "estimate"),
    "glenoid_height_mm": ((36.8, 1.8), (40.5, 2.0), "published"),
    "glenoid_width_mm": ((26.3, 1.5), (31.1, 1.6), "published"),
    "glenoid_upper_ratio": ((0.77, 0.04), (0.77, 0.04), "estimate"),
    "glenoid_retroversion_deg": ((1, 3), (1, 3), "published"),
    "glenoid_inclination_deg": ((7.1, 4.1), (7.1, 4.1), "published"),
    "glenoid_mismatch_mm": ((9.3, 2.8), (9.3, 2.8), "published"),
    "critical_shoulder_angle_deg": ((33.1, 2.4), (33.1, 2.4), "recalled"),
    "acromion_thickness_mm": ((8.5, 0.87), (9.5, 0.87), "published"),
    "acromion_width_mm": ((21, 2.5), (24, 2.8), "estimate"),
    "acromion_length_mm": ((45.5, 4.3), (50.5, 4.3), "published"),
    "subacromial_gap_mm": ((2.8, 0.85), (3.1, 0.85), "estimate"),
    "coracoid_length_mm": ((38.7, 3.7), (42.1, 3.7), "published"),
    "coracoid_thickness_mm": ((10.3, 1.2), (12.2, 1.4), "estimate"),
    "coracoid_width_mm": ((14.7, 1.4), (16.5, 1.4), "published"),
    "spine_height_mm": ((25, 2.5), (29, 2.8), "estimate"),
    "blade_thickness_mm": ((2.6, 0.4), (3.0, 0.45), "estimate"),
    "lateral_border_thickness_mm": ((7.9, 1.2), (9.0, 1.4), "estimate"),
    "subchondral_cortex_mm": ((1.1, 0.2), (1.3, 0.2), "estimate"),
    "clavicle_radius_mm": ((5.6, 0.8), (6.4, 0.8), "published"),
    "clavicle_width_mm": ((20.5, 3.3), (23.7, 3.3), "published"),
    # Soft tissue.
    "humeral_cartilage_mm": ((1.3, 0.2), (1.5, 0.25), "estimate"),
    "glenoid_cartilage_mm": ((1.4, 0.25), (1.6, 0.3), "estimate"),
    "joint_fluid_mm": ((0.5, 0.12), (0.5, 0.12), "estimate"),
    "labrum_height_mm": ((3.8, 0.6), (4.2, 0.7), "estimate"),
    "labrum_width_mm": ((4.6, 0.7), (5.2, 0.8), "estimate"),
    "supraspinatus_tendon_mm": ((4.9, 0.6), (5.6, 0.7), "estimate"),
    "biceps_tendon_radius_mm": ((1.9, 0.3), (2.2, 0.35), "estimate"),
    "deltoid_thickness_mm": ((14.5, 2.8), (18.0, 3.2), "estimate"),
    "supraspinatus_height_mm": ((10.3, 1.3), (12.0, 1.5), "estimate"),
    "supraspinatus_depth_mm": ((14.0, 1.6), (16.5, 1.8), "estimate"),
    "subcutaneous_fat_mm": ((12.0, 6.0), (8.0, 3.8), "estimate"),
    "skin_mm": ((1.95, 0.3), (2.25, 0.35), "estimate"),
    # Pose in the scanner.
    "humeral_rotation_deg": ((5, 12), (5, 12), "estimate"),
    "abduction_deg": ((12, 3), (12, 3), "estimate"),
    "flexion_deg": ((0, 4), (0, 4), "estimate"),
    "scapular_protraction_deg": ((44.5, 8), (44.5, 8), "estimate"),
    "scapular_tilt_deg": ((9, 4), (9, 4), "estimate"),
    "scapular_rotation_deg": ((2, 3), (2, 3), "estimate"),
}

# Some people have several times the fat of others, and nobody has less than none.
_LOGNORMAL = frozenset({"subcutaneous_fat_mm"})


def _unit(name: str) -> Literal["mm", "deg", "1"]:
    if name.endswith("_mm"):
        return "mm"
    return "deg" if name.endswith("_deg") else "1"


DISTRIBUTIONS: dict[str, Distribution] = {
    name: Distribution(
        female=female,
        male=male,
        unit=_unit(name),
        kind=kind,
        source=SOURCES[name],
        shape="lognormal" if name in _LOGNORMAL else "normal",
    )
    for name, (female, male, kind) in _ROWS.items()
}
