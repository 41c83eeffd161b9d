"""One person's shoulder in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from shoulderseg.datasets.phantom.correlations import correlated_scores
from shoulderseg.datasets.phantom.distributions import DISTRIBUTIONS
from shoulderseg.datasets.phantom.marginals import Sex

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

Side = Literal["left", "right"]


@dataclass(frozen=True)
class Dimensions:
    """Sizes and angles of one person's shoulder and its pose in the scanner.

    Bones are measured to their outer surface without cartilage. The groups follow the body:
    humerus, scapula and clavicle, soft tissue, pose.

    Attributes:
        sex: Sex of the person.
        side: Side of the shoulder.
        stature_mm: Height of the person.
        head_radius_mm: Radius of the sphere through the bony head.
        head_height_mm: Thickness of the articular cap above the anatomic neck.
        neck_shaft_angle_deg: Between the shaft and the normal of the anatomic neck.
        retroversion_deg: How far the head looks behind the epicondylar axis.
        head_medial_offset_mm: Centre of the head from the shaft axis, towards the body.
        head_posterior_offset_mm: Centre of the head from the shaft axis, backwards.
        tuberosity_drop_mm: Top of the head above the top of the greater tuberosity.
        groove_depth_mm: Depth of the bicipital groove.
        groove_width_mm: Width of the bicipital groove between the tuberosities.
        shaft_radius_mm: Outer radius of the proximal diaphysis.
        shaft_cortex_mm: Thickness of one wall of the proximal diaphysis.
        surgical_neck_radius_mm: Outer radius at the surgical neck, between shaft and head.
        scapula_height_mm: Superior to inferior angle.
        scapula_width_mm: Glenoid to the medial border at the root of the spine.
        glenoid_height_mm: Longest extent of the bony face.
        glenoid_width_mm: Widest extent across it, in the lower half.
        glenoid_upper_width_mm: Width of the upper half.
        glenoid_retroversion_deg: How far the face looks backwards; negative is anteverted.
        glenoid_inclination_deg: How far the face looks up; negative is down.
        glenoid_curvature_mm: Radius of the subchondral surface in the plane of the scapula; flatter
            than the head.
        critical_shoulder_angle_deg: From the plane of the glenoid to the lateral acromion edge.
        acromion_thickness_mm: Thickness of the acromion.
        acromion_width_mm: Extent across the axis of the acromion.
        acromion_length_mm: Extent along the axis of the acromion, front to back.
        acromiohumeral_distance_mm: Bony head to the under-surface of the acromion, as projected
            on the plane of the scapula.
        coracoid_length_mm: From the base to the tip.
        coracoid_thickness_mm: Superior to inferior extent of the horizontal part.
        coracoid_width_mm: Extent of the horizontal part across its axis.
        spine_height_mm: How far the scapular spine stands off the blade near its base.
        blade_thickness_mm: Thickness of the blade.
        lateral_border_thickness_mm: Thickness of the lateral border.
        subchondral_cortex_mm: Thickness of the plate under the joint cartilage.
        clavicle_radius_mm: Half the height of the lateral end.
        clavicle_width_mm: Extent of the flat lateral end, front to back.
        humeral_cartilage_mm: Thickness in the middle of the head, where it is thickest.
        glenoid_cartilage_mm: Thickness in the middle of the face, where it is thinnest; towards the
            rim it fills what `glenoid_curvature_mm` leaves to the head.
        joint_fluid_mm: Thickness of the film between the cartilages.
        labrum_height_mm: How far the labrum stands off the rim.
        labrum_width_mm: Extent of its base along the face.
        supraspinatus_tendon_mm: Thickness close to the footprint.
        biceps_tendon_radius_mm: Radius of the long head in its groove.
        deltoid_thickness_mm: Thickness of the muscle over the greater tuberosity.
        supraspinatus_height_mm: Half the height of the belly at the scapular Y.
        supraspinatus_depth_mm: Half its extent from front to back there.
        subcutaneous_fat_mm: Thickness over the deltoid, without skin.
        skin_mm: Thickness of the skin.
        humeral_rotation_deg: Outward positive, inward negative.
        abduction_deg: Shaft away from the trunk.
        flexion_deg: Shaft forwards of the trunk.
        scapular_protraction_deg: Plane of the scapula to the coronal plane.
        scapular_tilt_deg: Upper part of the scapula leaning forwards.
        scapular_rotation_deg: Glenoid turned upwards.
    """

    sex: Sex
    side: Side
    stature_mm: float
    head_radius_mm: float
    head_height_mm: float
    neck_shaft_angle_deg: float
    retroversion_deg: float
    head_medial_offset_mm: float
    head_posterior_offset_mm: float
    tuberosity_drop_mm: float
    groove_depth_mm: float
    groove_width_mm: float
    shaft_radius_mm: float
    shaft_cortex_mm: float
    surgical_neck_radius_mm: float
    scapula_height_mm: float
    scapula_width_mm: float
    glenoid_height_mm: float
    glenoid_width_mm: float
    glenoid_upper_width_mm: float
    glenoid_retroversion_deg: float
    glenoid_inclination_deg: float
    glenoid_curvature_mm: float
    critical_shoulder_angle_deg: float
    acromion_thickness_mm: float
    acromion_width_mm: float
    acromion_length_mm: float
    acromiohumeral_distance_mm: float
    coracoid_length_mm: float
    coracoid_thickness_mm: float
    coracoid_width_mm: float
    spine_height_mm: float
    blade_thickness_mm: float
    lateral_border_thickness_mm: float
    subchondral_cortex_mm: float
    clavicle_radius_mm: float
    clavicle_width_mm: float
    humeral_cartilage_mm: float
    glenoid_cartilage_mm: float
    joint_fluid_mm: float
    labrum_height_mm: float
    labrum_width_mm: float
    supraspinatus_tendon_mm: float
    biceps_tendon_radius_mm: float
    deltoid_thickness_mm: float
    supraspinatus_height_mm: float
    supraspinatus_depth_mm: float
    subcutaneous_fat_mm: float
    skin_mm: float
    humeral_rotation_deg: float
    abduction_deg: float
    flexion_deg: float
    scapular_protraction_deg: float
    scapular_tilt_deg: float
    scapular_rotation_deg: float


def sample_dimensions(
    rng: np.random.Generator, *, sex: Sex | None = None, side: Side | None = None
) -> Dimensions:
    """Draws a person.

    Args:
        rng: Source of the draw. The same state gives the same person; fixing the sex or the side
            leaves that person's quantiles as they are.
        sex: Sex of the person, drawn if not given.
        side: Side of the shoulder, drawn if not given.

    Returns:
        The person's dimensions.

    Raises:
        ValueError: If the sex or the side is not one that is known.
    """
    for name, value, known in (("sex", sex, get_args(Sex)), ("side", side, get_args(Side))):
        if value is not None and value not in known:
            msg = f"Found {name}={value!r}, expected {' or '.join(map(repr, known))}."
            raise ValueError(msg)
    # Drawn in any case, so that the scores do not depend on what is fixed.
    drawn_sex: Sex = "female" if rng.random() < 0.5 else "male"
    drawn_side: Side = "left" if rng.random() < 0.5 else "right"
    sex, side = sex or drawn_sex, side or drawn_side
    scores = correlated_scores(rng)
    values = {name: DISTRIBUTIONS[name].value(scores[name], sex) for name in DISTRIBUTIONS}
    return Dimensions(sex=sex, side=side, **_fields(values))


def _fields(values: Mapping[str, float]) -> dict[str, float]:
    """Turns what the table knows as a ratio, a difference or a share into lengths.

    Drawn apart, two of these could come in the wrong order: a glenoid more curved than its head.
    """
    fields = dict(values)
    head, shaft = fields["head_radius_mm"], fields["shaft_radius_mm"]
    lower, tendon = fields["glenoid_width_mm"], fields["supraspinatus_tendon_mm"]
    fields["head_height_mm"] = head * fields.pop("head_height_ratio")
    fields["surgical_neck_radius_mm"] = shaft + (head - shaft) * fields.pop("surgical_neck_share")
    fields["glenoid_curvature_mm"] = head + fields.pop("glenoid_mismatch_mm")
    fields["glenoid_upper_width_mm"] = lower * fields.pop("glenoid_upper_ratio")
    fields["acromiohumeral_distance_mm"] = tendon + fields.pop("subacromial_gap_mm")
    return fields
