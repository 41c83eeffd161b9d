"""The measures of a bone as a group of a DICOM SR: TID 1411 with a segment, TID 1501 without."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, TypeAlias

from highdicom import sr
from pydicom.sr.codedict import codes

from shoulderseg.datasets.dicom.derived import NAME, NOTICE, dicom_code
from shoulderseg.datasets.dicom.measure_codes import EXPERIMENTAL, name_code, unit_code
from shoulderseg.datasets.labels import CATEGORY

if TYPE_CHECKING:
    from pydicom import Dataset

    from shoulderseg.datasets.labels import Code

_SIDES = {"left": codes.SCT.Left, "right": codes.SCT.Right}
_UPPER = sr.CodedConcept("371886008", "SCT", "+, range of upper measurement uncertainty")
_LOWER = sr.CodedConcept("371885007", "SCT", "-, range of lower measurement uncertainty")


Group: TypeAlias = (
    sr.VolumetricROIMeasurementsAndQualitativeEvaluations | sr.MeasurementsAndQualitativeEvaluations
)


@dataclass(frozen=True)
class ReportedMeasure:
    """A measure that is given.

    Attributes:
        name: What it is called in tables, such as head_radius.
        value: In its unit.
        unit: mm, mm2, mm3, deg, percent, 1 or h (a clock's hour).
        uncertainty: Half of an interval about the value; None where it is not known.
        experimental: Whether it is less sure than others.
        about: Sentences on how it is taken, where that comes from, and what else to know.
    """

    name: str
    value: float
    unit: str
    uncertainty: float | None = None
    experimental: bool = False
    about: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReportedBone:
    """A bone and its measures.

    Attributes:
        name: Of the bone.
        kind: What it is in SNOMED CT.
        measures: At least one.
        segment: Its number in the DICOM SEG; it does not matter where there is none.
    """

    name: str
    kind: Code
    measures: tuple[ReportedMeasure, ...]
    segment: int = 1


def bone_group(
    bone: ReportedBone, segmentation: Dataset | None, image: Dataset, side: str, uid: str
) -> Group:
    """Builds the group of a bone.

    Args:
        bone: What was measured.
        segmentation: Header of the DICOM SEG that has the bone; None without one.
        image: Header of a source image.
        side: left or right; empty if unknown.
        uid: By which the bone is told from others.

    Raises:
        ValueError: If a unit is not known.
    """
    kind, category = dicom_code(bone.kind), dicom_code(CATEGORY)
    tracked = sr.TrackingIdentifier(uid, f"{NAME} {_plain(bone.name)}")
    sites = [sr.FindingSite(kind, _SIDES.get(side))]
    algorithm = _algorithm((NOTICE,))
    measurements = [_measurement(measure) for measure in bone.measures]
    if segmentation is None:
        return sr.MeasurementsAndQualitativeEvaluations(
            tracked,
            finding_type=kind,
            finding_category=category,
            finding_sites=sites,
            algorithm_id=algorithm,
            measurements=measurements,
        )
    segment = sr.ReferencedSegment(
        segmentation.SOPClassUID,
        segmentation.SOPInstanceUID,
        bone.segment,
        source_series=sr.SourceSeriesForSegmentation(image.SeriesInstanceUID),
    )
    return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracked,
        referenced_segment=segment,
        finding_type=kind,
        finding_category=category,
        finding_sites=sites,
        algorithm_id=algorithm,
        measurements=measurements,
    )


def _measurement(measure: ReportedMeasure) -> sr.Measurement:
    unit = unit_code(measure.unit)
    properties = None
    if measure.uncertainty is not None:
        # The library gives uncertainties no unit.
        properties = sr.MeasurementProperties()
        for name in (_UPPER, _LOWER):
            item = sr.NumContentItem(
                name, float(measure.uncertainty), unit, relationship_type="HAS PROPERTIES"
            )
            properties.append(item)
    return sr.Measurement(
        name=name_code(measure.name, experimental=measure.experimental),
        value=float(measure.value),
        unit=unit,
        method=EXPERIMENTAL if measure.experimental else None,
        algorithm_id=_algorithm(measure.about) if measure.about else None,
        properties=properties,
    )


def _algorithm(parameters: tuple[str, ...]) -> sr.AlgorithmIdentification:
    return sr.AlgorithmIdentification(
        name=f"{NAME} (research use only)",
        version=version(NAME),
        parameters=[_plain(text) for text in parameters],
    )


def _plain(text: str) -> str:
    """A text in letters that every character set of DICOM has, and nothing that is obeyed."""
    ascii_text = text.encode("ascii", "replace").decode("ascii")
    return "".join(sign if sign.isprintable() else "?" for sign in ascii_text)
