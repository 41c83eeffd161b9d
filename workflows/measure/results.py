"""Measures of what `predict` made: of each case, and of an examination's fused bones."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.measure.shoulder import as_records, measure_volume
from shoulderseg.workflows.measure.table import TABLE_FILE, write_table

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.workflows.examination.vote import Examination
    from shoulderseg.workflows.inputs.case_input import CaseInput
    from shoulderseg.workflows.segmentation.result import Result

_LOGGER = logging.getLogger(__name__)

KEY = "measures_of_bones"


def measure_result(source: CaseInput, result: Result) -> dict[str, Any]:
    """Measures what came of a case, for its record; what cannot be measured fails no case.

    Args:
        source: the image; what it says of its side counts.
        result: what came of it.

    Returns:
        The measures under their key; nothing if that failed.
    """
    volume, segmentation = result.segmented()
    labels = replace(volume, array=segmentation.label_map)
    return _measured(source.name, labels, result.label_values, _side([source]), _dice([result]))


def measure_examination(
    name: str, series: Sequence[CaseInput], examination: Examination, values: Mapping[str, int]
) -> dict[str, Any]:
    """Measures the bones that the series of an examination share.

    Args:
        name: of the examination.
        series: its images; they have to agree on their side.
        examination: what came of them.
        values: the voxel value of each bone.

    Returns:
        As `measure_result`; nothing where the series share no bones.
    """
    if examination.bones is None:
        return {}
    # The fused bone is taken to fit as well as that of the best series.
    dice = _dice(examination.results)
    return _measured(name, examination.bones, values, _side(series), dice)


def _side(series: Sequence[CaseInput]) -> str:
    said = {str(source.about.get("side", "")) for source in series}
    return said.pop() if len(said) == 1 and said <= {"left", "right"} else ""


def _dice(results: Sequence[Result]) -> dict[str, float]:
    """The best predicted Dice of each bone that has one."""
    found: dict[str, float] = {}
    for result in results:
        quality = result.segmented()[1].measures.get("quality", {})
        for bone in result.label_values:
            if isinstance(quality.get(bone), int | float):
                found[bone] = max(float(quality[bone]), found.get(bone, 0.0))
    return found


def _measured(
    name: str, labels: Volume, values: Mapping[str, int], side: str, dice: Mapping[str, float]
) -> dict[str, Any]:
    try:
        return {KEY: as_records(measure_volume(labels, values, side, dice))}
    except Exception:
        _LOGGER.warning("%s: it cannot be measured", name, exc_info=True)
        return {}


def write_measures(out: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Writes `measures.csv` of the cases and examinations that were measured.

    Args:
        out: folder of the results.
        records: as they stand in the run report.

    Raises:
        OSError: if it cannot be written.
    """
    rows = [
        (str(record.get("case", record.get("examination"))), record[KEY])
        for record in records
        if KEY in record
    ]
    write_table(out / TABLE_FILE, rows)
