"""Every measure: its unit, how it is taken, and where its definition comes from."""

from __future__ import annotations

from typing import NamedTuple


class Definition(NamedTuple):
    """What a measure is.

    Attributes:
        unit: mm, mm2, mm3, deg, percent, 1 (a ratio) or h (a clock's hour).
        method: How it is taken, in a sentence.
        source: Where the definition comes from.
        experimental: Whether it is less sure than the others.
        to_front: Whether it needs to know where the front of the body is.
    """

    unit: str
    method: str
    source: str
    experimental: bool = False
    to_front: bool = False


_OWN = "as usual"
_KASA = "least squares (Kasa 1976)"
_TRACK = "Di Giacomo et al. 2014"
_LOSS = "Sugaya et al. 2003; Dumont et al. 2012"

DEFINITIONS: dict[str, Definition] = {
    "head_radius": Definition(
        "mm", "radius of the sphere nearest to the head's intact joint surface, bone only", _KASA
    ),
    "head_centre_left": Definition("mm", "the sphere's centre, to the left (LPS)", _KASA),
    "head_centre_posterior": Definition("mm", "the sphere's centre, to the back (LPS)", _KASA),
    "head_centre_superior": Definition("mm", "the sphere's centre, upwards (LPS)", _KASA),
    "head_residual": Definition(
        "mm", "root mean square distance of the joint surface from the sphere", _KASA
    ),
    "glenoid_height": Definition(
        "mm", "extent of the face along its long axis, seen along its normal", "Lenart et al. 2014"
    ),
    "glenoid_width": Definition(
        "mm", "largest extent of the face across its long axis", "Lenart et al. 2014"
    ),
    "glenoid_area": Definition("mm2", "the face as seen along its normal", _OWN),
    "joint_gap_minimum": Definition("mm", "least distance from bone to bone", _OWN),
    "joint_gap_median": Definition(
        "mm", "median distance from bone to bone within 10 mm of the face's middle", _OWN
    ),
    "head_offset": Definition(
        "mm",
        "distance of the head's centre from the line through the face's middle at right angles "
        "to it (HGA)",
        "Kim and Min 2018",
    ),
    "head_offset_anterior": Definition(
        "mm", "its part to the front", "Kim and Min 2018", to_front=True
    ),
    "subluxation_index": Definition(
        "1",
        "(|offset from back to front| + r) / 2 r of the head's sphere; 0.5 is centred",
        "EPFL 3D subluxation index (ShoulderCase)",
    ),
    "humerus_volume": Definition("mm3", "of the part in view", _OWN),
    "humerus_surface": Definition("mm2", "of the part in view, without where it is cut", _OWN),
    "glenoid_volume": Definition("mm3", "of the part in view", _OWN),
    "glenoid_surface": Definition("mm2", "of the part in view, without where it is cut", _OWN),
    "neck_shaft_angle": Definition(
        "deg",
        "between the normal of the joint surface's margin and the shaft's axis",
        "Boileau and Walch 1997",
        experimental=True,
    ),
    "head_shaft_offset": Definition(
        "mm", "distance of the head's centre from the shaft's axis", "Boileau and Walch 1997"
    ),
    "bone_loss_linear": Definition(
        "percent",
        "missing part of the diameter from back to front of a circle on the intact lower and "
        "posterior rim",
        "Shaha et al. 2015",
        experimental=True,
        to_front=True,
    ),
    "bone_loss_area": Definition(
        "percent",
        "missing part of the disc of that circle; not the same percent as the linear one",
        _LOSS,
        experimental=True,
        to_front=True,
    ),
    "bone_loss_clock": Definition(
        "h",
        "middle of what is missing, 3 in front and 12 above on either side",
        _LOSS,
        experimental=True,
        to_front=True,
    ),
    "glenoid_circle_diameter": Definition(
        "mm", "of that circle", _LOSS, experimental=True, to_front=True
    ),
    "glenoid_track": Definition(
        "mm",
        "0.83 times that diameter less what is missing of it",
        _TRACK,
        experimental=True,
        to_front=True,
    ),
    "hill_sachs_depth": Definition(
        "mm",
        "deepest point under the sphere of a defect behind; 0 where none is 2 mm deep",
        "EFORT Open Rev 2019;4:151",
        experimental=True,
        to_front=True,
    ),
    "hill_sachs_width": Definition(
        "mm", "of its opening, across its length", "as its depth", experimental=True, to_front=True
    ),
    "hill_sachs_length": Definition(
        "mm", "longest extent of its opening", "as its depth", experimental=True, to_front=True
    ),
    "hill_sachs_volume": Definition(
        "mm3", "between the sphere and the bone", "as its depth", experimental=True, to_front=True
    ),
    "hill_sachs_angle": Definition(
        "deg",
        "from the head's axis to the middle of its opening, about the head's centre",
        "10.1177/03635465241232089",
        experimental=True,
        to_front=True,
    ),
    "vault_retroversion": Definition(
        "deg",
        "face against the vault's axis, less 7 degrees; within 4 degrees of Friedman's version on "
        "average, and not that",
        "10.1177/23259671221083589",
        experimental=True,
        to_front=True,
    ),
}

_NEEDS_BLADE = "needs the scapular blade to its medial border, which is no part of the glenoid"
_NEEDS_ACROMION = "needs the acromion, which is no part of the glenoid"
# What is asked for and cannot be had from these two bones: its unit, and why.
REFUSED: dict[str, tuple[str, str]] = {
    "version_friedman": ("deg", _NEEDS_BLADE),
    "version_3d": ("deg", _NEEDS_BLADE),
    "inclination": (
        "deg",
        "needs the floor of the supraspinatus fossa, which is no part of the glenoid",
    ),
    "critical_shoulder_angle": ("deg", _NEEDS_ACROMION),
    "acromiohumeral_distance": ("mm", _NEEDS_ACROMION),
    "walch_index": ("percent", _NEEDS_BLADE),
    "humeral_retroversion": (
        "deg",
        "needs the epicondyles of the elbow, which are not in the image",
    ),
    "on_track": ("mm", "needs the footprint of the cuff, which no bone mask shows"),
}
