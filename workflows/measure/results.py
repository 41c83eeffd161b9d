"""Measures of what `predict` made: of each case, and of an examination's fused bones."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from shoulderseg.workflows.cohort.fragment import FOLDER
from shoulderseg.workflows.measure.basis import BASIS, basis_of, resolved
from shoulderseg.workflows.measure.shoulder import as_records, known_dice, measure_volume
from shoulderseg.workflows.measure.side import settle_side
from shoulderseg.workflows.measure.table import EXAMINATION, SERIES, TABLE_FILE, Row, write_table
from shoulderseg.workflows.outputs.plan import REPORT_FILE

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume
    from shoulderseg.morphometry.field_of_view import FieldOfView
    from shoulderseg.workflows.examination.vote import Examination
    from shoulderseg.workflows.inputs.case_input import CaseInput
    from shoulderseg.workflows.segmentation.result import Result

    Mask = npt.NDArray[np.bool_]

_LOGGER = logging.getLogger(__name__)

KEY = "measures_of_bones"


def measure_result(source: CaseInput, result: Result, side: str = "") -> dict[str, Any]:
    """Measures what came of a case, for its record; what cannot be measured fails no case.

    Args:
        source: the image; what it says of its side counts.
        result: what came of it.
        side: left, right or axes, for an image that does not say it; one that contradicts the image
            refuses what needs to know the side.

    Returns:
        The measures under their key, and under another what they rest on; nothing if that failed.
    """

    def measures() -> dict[str, Any]:
        from shoulderseg.datasets.orientation import slice_axis
        from shoulderseg.morphometry.field_of_view import FieldOfView
        from shoulderseg.refine.padding import scanned_region

        volume, segmentation = result.segmented()
        labels = replace(volume, array=segmentation.label_map)
        axis = slice_axis(volume.array.shape, np.array(volume.spacing_mm))
        seen = scanned_region(volume.array, axis)
        # Margins end a slice on a side or two; around a bone without any noise all is of one value.
        cut = _sides_cut((labels.array > 0) & seen, seen, axis)
        in_view = FieldOfView(None if all(cut) else seen)
        measured = _Measured(labels, _dice([result], {}), (in_view, in_view))
        return _records(measured, result.label_values, [source], side)

    return _measured(source.name, measures)


def _sides_cut(bones: Mask, seen: Mask, axis: int) -> list[bool]:
    """Whether bones end where nothing was scanned, at either end of both axes within a slice."""
    found = []
    for one in (other for other in range(3) if other != axis):
        bone, shown = np.moveaxis(bones, one, 0), np.moveaxis(seen, one, 0)
        found += [bool((bone[1:] & ~shown[:-1]).any()), bool((bone[:-1] & ~shown[1:]).any())]
    return found


def measure_examination(
    name: str,
    series: Sequence[CaseInput],
    examination: Examination,
    values: Mapping[str, int],
    side: str = "",
) -> dict[str, Any]:
    """Measures the bones that the series of an examination share.

    Args:
        name: of the examination.
        series: its images; they have to agree on their side.
        examination: what came of them.
        values: the voxel value of each bone.
        side: as for `measure_result`.

    Returns:
        As `measure_result`; nothing where the series share no bones.
    """
    bones = examination.bones
    if bones is None:
        return {}

    def measures() -> dict[str, Any]:
        dice = _dice(examination.results, examination.record.get("series", {}))
        return _records(_Measured(bones, dice, examination.in_view), values, series, side)

    return _measured(name, measures)


class _Measured(NamedTuple):
    """A label map to measure, how well its bones are likely to fit, what images show of them."""

    labels: Volume
    dice: dict[str, float]
    in_view: tuple[FieldOfView, FieldOfView] | None


def _records(
    measured: _Measured, values: Mapping[str, int], series: Sequence[CaseInput], given: str
) -> dict[str, Any]:
    from shoulderseg.morphometry.catalogue import DEFINITIONS

    labels, dice, in_view = measured
    side = resolved(settle_side(series, given), labels, values)
    measures = measure_volume(labels, values, side.side, dice, in_view)
    if side.doubt:
        to_front = {name for name, definition in DEFINITIONS.items() if definition.to_front}
        measures = tuple(
            replace(one, value=None, uncertainty=None, refused=side.doubt, note="")
            if one.name in to_front
            else one
            for one in measures
        )
    return {KEY: as_records(measures), BASIS: basis_of(labels, side, dice, in_view)}


def _dice(results: Sequence[Result], said: Mapping[str, Any]) -> dict[str, float]:
    """The best predicted Dice of each bone that has one.

    An examination's fused bone is taken to fit as well as that of the best series whose voice
    counted, by what is `said` of each series and bone.
    """
    found: dict[str, float] = {}
    for result in results:
        quality = result.segmented()[1].measures.get("quality") or {}
        for bone in result.label_values:
            dice = known_dice(quality, bone)
            had_a_say = said.get(result.name, {}).get(bone, {}).get("used", True)
            if dice is not None and had_a_say:
                found[bone] = max(dice, found.get(bone, 0.0))
    return found


def _measured(name: str, measures: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return measures()
    except Exception:
        _LOGGER.warning("%s: it cannot be measured", name, exc_info=True)
        return {}


def is_measured(record: Mapping[str, Any]) -> bool:
    """Whether a record of the run report holds measures."""
    return isinstance(record.get(KEY), list)


def check_table(out: Path) -> None:
    """Refuses a folder of `measure`, whose table that of a run would replace.

    Args:
        out: folder of the results.

    Raises:
        ValueError: if it holds a table that no run has written.
    """
    of_a_run = (out / REPORT_FILE).exists() or (out / FOLDER).exists()
    if (out / TABLE_FILE).is_file() and not of_a_run:
        msg = (
            f"{out} holds a {TABLE_FILE} that no run of predict has written; choose another "
            "folder for the output"
        )
        raise ValueError(msg)


def write_measures(out: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Writes `measures.csv` of the cases and examinations that were measured; none without any.

    Args:
        out: folder of the results.
        records: as they stand in the run report. Of two of one name the last one counts.

    Raises:
        OSError: if it cannot be written, or an old one removed.
    """
    rows = {
        _called(record): Row(
            *_called(record),
            [measure for measure in record[KEY] if isinstance(measure, Mapping)],
            basis if isinstance(basis := record.get(BASIS), Mapping) else {},
        )
        for record in records
        if is_measured(record)
    }
    if rows:
        write_table(out / TABLE_FILE, rows.values())
    else:
        (out / TABLE_FILE).unlink(missing_ok=True)


def _called(record: Mapping[str, Any]) -> tuple[str, str]:
    if "case" in record:
        return str(record["case"]), SERIES
    return str(record.get("examination")), EXAMINATION
