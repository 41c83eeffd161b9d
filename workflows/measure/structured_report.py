"""DICOM Structured Reports of measures: beside the DICOM SEG of a case, and of an examination."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.errors import may_pass, reason_of
from shoulderseg.workflows.measure.basis import BASIS
from shoulderseg.workflows.measure.results import KEY, is_measured
from shoulderseg.workflows.measure.shoulder import GLENOID, HUMERUS
from shoulderseg.workflows.outputs.formats import SR_SUFFIX, Format, file_suffix
from shoulderseg.workflows.outputs.plan import Case
from shoulderseg.workflows.outputs.write import HOLDS_PATIENT_DATA, TRY_AGAIN

if TYPE_CHECKING:
    from shoulderseg.datasets.dicom.sr_groups import ReportedBone, ReportedMeasure
    from shoulderseg.workflows.examination.vote import Examination
    from shoulderseg.workflows.outputs.plan import OutputPlan
    from shoulderseg.workflows.segmentation.result import Result

_LOGGER = logging.getLogger(__name__)
_REPORT = "dicom-sr"


def report_case(
    plan: OutputPlan, case: Case, result: Result, record: Mapping[str, Any]
) -> dict[str, Any]:
    """Writes `CASE.sr.dcm` where the case has a DICOM SEG and measures; a failure fails no case.

    Args:
        plan: where the case is written.
        case: what it is written as.
        result: what came of it.
        record: of the case, with its measures and what they rest on.

    Returns:
        What the record gets in place of what it has: files, whose data they hold, and what could
        not be written.
    """
    segmentation = plan.base(case, file_suffix(Format.dicom))
    if plan.below(segmentation) not in record.get("outputs", ()):
        return {}
    path = plan.base(case, SR_SUFFIX)
    said = _report(path, plan.below(path), [result], segmentation, record)
    if "patient_data" in said:
        said["patient_data"] = f"{segmentation.name} and {path.name}: each {HOLDS_PATIENT_DATA}"
    return said


def report_examination(
    plan: OutputPlan, name: str, examination: Examination, record: Mapping[str, Any]
) -> dict[str, Any]:
    """Writes `NAME.sr.dcm` of the bones that DICOM series share, where these get a DICOM SEG.

    Args:
        plan: where to; a BIDS dataset has no place for it.
        name: of the examination.
        examination: what came of its series.
        record: of the examination, with its measures and what they rest on.

    Returns:
        As `report_case`.
    """
    cases = [Case(result.name, result.source_files) for result in examination.results]
    if plan.bids or not all(
        case.source_files and Format.dicom in plan.formats_of(case) for case in cases
    ):
        return {}
    file = f"{name}{SR_SUFFIX}"
    return _report(plan.out / file, file, examination.results, None, record)


def _report(
    path: Path,
    file: str,
    results: Sequence[Result],
    segmentation: Path | None,
    record: Mapping[str, Any],
) -> dict[str, Any]:
    from shoulderseg.datasets.dicom_sr import SourceSeries, SrOptions, write_dicom_sr

    try:
        bones = _bones(record, results[0].label_values) if is_measured(record) else []
        if not bones:
            return {}
        series = [
            SourceSeries(result.segmented()[0], result.source_files, result.source_frames)
            for result in results
        ]
        # That by which it was measured, also where the header's axes alone tell it.
        options = SrOptions(segmentation, record[BASIS]["side"])
        write_dicom_sr(path, bones, series, options)
    except Exception as error:
        # The measures are in the run report all the same.
        _LOGGER.debug("traceback", exc_info=True)
        reason = reason_of(error)
        _LOGGER.warning("%s: no DICOM SR: %s", path.name.removesuffix(SR_SUFFIX), reason)
        said: dict[str, Any] = {"not_written": {**record.get("not_written", {}), _REPORT: reason}}
        if may_pass(error):
            said[TRY_AGAIN] = [*record.get(TRY_AGAIN, ()), _REPORT]
        return said
    return {
        "outputs": [*record.get("outputs", ()), file],
        "patient_data": f"{path.name} {HOLDS_PATIENT_DATA}",
    }


def _bones(record: Mapping[str, Any], values: Mapping[str, int]) -> list[ReportedBone]:
    """Both bones with what is given of them; a viewer has no use for what is refused."""
    from shoulderseg.datasets.dicom.sr_groups import ReportedBone
    from shoulderseg.datasets.labels import describe_labels
    from shoulderseg.morphometry.uncertainty import told_by_humerus

    measures: dict[str, list[ReportedMeasure]] = {HUMERUS: [], GLENOID: []}
    for one in record[KEY]:
        if one["value"] is not None:
            bone = HUMERUS if told_by_humerus(one["name"]) else GLENOID
            measures[bone].append(_reported(one))
    return [
        ReportedBone(label.name, label.kind, tuple(measures[label.name]), number)
        for number, label in enumerate(describe_labels(values), start=1)
        if measures.get(label.name)
    ]


def _reported(measure: Mapping[str, Any]) -> ReportedMeasure:
    from shoulderseg.datasets.dicom.sr_groups import ReportedMeasure

    holds = measure.get("uncertainty_holds")
    about = {
        "method": measure.get("method"),
        "source": measure.get("source"),
        "uncertainty": f"in nine of ten phantoms the interval holds {holds}" if holds else None,
        "note": measure.get("note"),
        "experimental": "less sure than other measures" if measure["experimental"] else None,
    }
    return ReportedMeasure(
        measure["name"],
        measure["value"],
        measure["unit"],
        measure["uncertainty"],
        measure["experimental"],
        tuple(f"{key}: {text}" for key, text in about.items() if text),
    )
