"""Codes of measures and their units for DICOM.

They are the standard's where it has one that means the same, else of a private scheme: 99 and a
name, as PS3.16 section 8 asks of local ones.
"""

from __future__ import annotations

import re

from highdicom.sr import CodedConcept
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

SCHEME = "99SHOULDERSEG"
SCHEME_NAME = "shoulderseg: measures of humerus and glenoid"
_MOST_LETTERS = 64
# What the standard calls them; which bone it is stands in the finding site.
_STANDARD = {
    "head_radius": codes.SCT.Radius,
    "glenoid_height": codes.DCM.Height,
    "glenoid_width": codes.SCT.Width,
    "glenoid_area": codes.SCT.Area,
    "humerus_volume": codes.SCT.Volume,
    "glenoid_volume": codes.SCT.Volume,
}
# Sixteen letters at most, since many programs read no longer code.
_OWN = {
    "head_centre_left": ("HeadCentreLeft", "Centre of humeral head, to the left"),
    "head_centre_posterior": ("HeadCentreBack", "Centre of humeral head, to the back"),
    "head_centre_superior": ("HeadCentreUp", "Centre of humeral head, upwards"),
    "head_residual": ("HeadResidual", "Residual of humeral head against its sphere"),
    "joint_gap_minimum": ("JointGapMinimum", "Least gap between humerus and glenoid"),
    "joint_gap_median": ("JointGapMedian", "Median gap between humerus and glenoid"),
    "head_offset": ("HeadOffset", "Offset of humeral head from the glenoid's axis"),
    "head_offset_anterior": ("HeadOffsetFront", "Offset of humeral head to the front"),
    "subluxation_index": ("SubluxationIndex", "Subluxation index of humeral head"),
    "humerus_surface": ("HumerusSurface", "Surface of humerus in view"),
    "glenoid_surface": ("GlenoidSurface", "Surface of glenoid in view"),
    "neck_shaft_angle": ("NeckShaftAngle", "Neck-shaft angle"),
    "head_shaft_offset": ("HeadShaftOffset", "Offset of humeral head from the shaft's axis"),
    "bone_loss_linear": ("BoneLossLinear", "Anterior glenoid bone loss, linear"),
    "bone_loss_area": ("BoneLossArea", "Anterior glenoid bone loss, of the area"),
    "bone_loss_clock": ("BoneLossClock", "Place of glenoid bone loss on a clock"),
    "glenoid_circle_diameter": ("GlenoidCircle", "Diameter of the glenoid's circle"),
    "glenoid_track": ("GlenoidTrack", "Glenoid track"),
    "hill_sachs_depth": ("HillSachsDepth", "Depth of Hill-Sachs defect"),
    "hill_sachs_width": ("HillSachsWidth", "Width of Hill-Sachs defect"),
    "hill_sachs_length": ("HillSachsLength", "Length of Hill-Sachs defect"),
    "hill_sachs_volume": ("HillSachsVolume", "Volume of Hill-Sachs defect"),
    "hill_sachs_angle": ("HillSachsAngle", "Angle of Hill-Sachs defect"),
    "vault_retroversion": ("VaultVersion", "Retroversion of glenoid against its vault"),
}
_UNITS = {
    "mm": codes.UCUM.Millimeter,
    "mm2": codes.UCUM.SquareMillimeter,
    "mm3": codes.UCUM.CubicMillimeter,
    "deg": codes.UCUM.Degree,
    "percent": codes.UCUM.Percent,
    "1": codes.UCUM.NoUnits,
    # The hour of UCUM is one of time.
    "h": Code("{clock_hour}", "UCUM", "hour of a clock face"),
}
EXPERIMENTAL = CodedConcept("Experimental", SCHEME, "Experimental, less sure than other measures")


def name_code(name: str, *, experimental: bool = False) -> CodedConcept:
    """The concept that a measure is.

    Args:
        name: Of the measure.
        experimental: Whether it is less sure than others, which a private name says too.
    """
    if name in _STANDARD and not experimental:
        return CodedConcept.from_code(_STANDARD[name])
    words = re.sub(r"\W+", " ", name.replace("_", " "), flags=re.ASCII).strip()
    unnamed = (words.replace(" ", "_")[:_MOST_LETTERS], words.capitalize())
    value, meaning = _OWN.get(name, unnamed)
    mark = " (experimental)" if experimental else ""
    return CodedConcept(value, SCHEME, meaning[: _MOST_LETTERS - len(mark)] + mark)


def unit_code(unit: str) -> Code:
    """The unit of a measure.

    Args:
        unit: mm, mm2, mm3, deg, percent, 1 or h (a clock's hour).

    Raises:
        ValueError: If it is none of these.
    """
    if unit not in _UNITS:
        msg = f"unit is {unit!r}, expected one of {', '.join(_UNITS)}"
        raise ValueError(msg)
    code: Code = _UNITS[unit]
    return code
