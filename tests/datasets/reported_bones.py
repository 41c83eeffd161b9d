"""Measures to report, and what others read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import highdicom

from shoulderseg.datasets.dicom.sr_groups import ReportedBone, ReportedMeasure
from shoulderseg.datasets.labels import describe_labels

if TYPE_CHECKING:
    from pathlib import Path


def bones(*more: ReportedMeasure) -> list[ReportedBone]:
    """Two measures of the humerus, two experimental ones of the glenoid, and more of it."""
    humerus, glenoid = describe_labels()
    radius = ReportedMeasure("head_radius", 24.1234, "mm", 0.75, False, ("method: a sphere",))
    volume = ReportedMeasure("humerus_volume", 41234.5, "mm3")
    loss = ReportedMeasure("bone_loss_linear", 12.5, "percent", None, True, ("source: x",))
    clock = ReportedMeasure("bone_loss_clock", 3.25, "h", None, True)
    return [
        ReportedBone("humerus", humerus.kind, (radius, volume), 1),
        ReportedBone("glenoid", glenoid.kind, (loss, clock, *more), 2),
    ]


def groups_of(path: Path) -> list[Any]:
    """The groups of the bones, by highdicom."""
    content: Any = highdicom.sr.srread(path).content
    return [
        *content.get_volumetric_roi_measurement_groups(),
        *content.get_image_measurement_groups(),
    ]


def texts_of(item: Any, name: str) -> list[str]:  # noqa: ANN401
    """The texts of a concept anywhere below an item, by pydicom alone."""
    found = []
    for child in item.get("ContentSequence", ()):
        if child.ConceptNameCodeSequence and child.ValueType == "TEXT":
            meaning = child.ConceptNameCodeSequence[0].CodeMeaning
            found += [str(child.TextValue)] if meaning == name else []
        found += texts_of(child, name)
    return found
