"""Measures the label maps of a folder: what `shoulderseg measure` does."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.examination.vote import STEPS
from shoulderseg.workflows.measure.shoulder import as_records, measure_volume
from shoulderseg.workflows.measure.table import EXAMINATION, SERIES, TABLE_FILE, write_table

if TYPE_CHECKING:
    from shoulderseg.morphometry.field_of_view import FieldOfView

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class MeasuredCase:
    """What came of a label map.

    Attributes:
        case: its name.
        measures: as `as_records` gives them; empty if it failed.
        error: why it failed; empty if it did not.
    """

    case: str
    measures: tuple[dict[str, Any], ...]
    error: str = ""


def measure_folder(
    labels: Path,
    out: Path,
    values: Mapping[str, int],
    side: str = "",
    on_case: Callable[[MeasuredCase], None] = lambda case: None,
) -> list[MeasuredCase]:
    """Measures label maps, and writes `CASE.json` for each and `measures.csv` for all.

    Args:
        labels: a label map, or a folder of them.
        out: folder for the results; made if need be.
        values: the voxel value of the humerus and of the glenoid.
        side: left or right, of all; empty if unknown; axes for what each header's axes make of it.
        on_case: is told of each case when it is done.

    Returns:
        The cases in order of their names; one that fails keeps no other from its turn.

    Raises:
        FileNotFoundError: if there is no such file or folder.
        ValueError: if there is no label map in it, or results would lie among the label maps.
        OSError: if the folder or the table cannot be written.
    """
    from shoulderseg.datasets.output_file import write_text

    found = _label_maps(labels)
    _check_place(labels, out)
    out.mkdir(parents=True, exist_ok=True)
    cases = []
    for name, files in found.items():
        try:
            records = tuple(_measured(name, files, values, side))
            write_text(
                out / f"{name}.json",
                json.dumps({"case": name, "measures": records}, indent=2) + "\n",
            )
            case = MeasuredCase(name, records)
        except Exception as error:
            # The others go on.
            _LOGGER.debug("traceback", exc_info=True)
            case = MeasuredCase(name, (), f"{files[0].name}: {reason_of(error)}")
            # That of an earlier run would pass for this one's.
            (out / f"{name}.json").unlink(missing_ok=True)
        cases.append(case)
        on_case(case)
    rows = [(case.case, _kind(case.case, found[case.case][0]), case.measures) for case in cases]
    write_table(out / TABLE_FILE, rows)
    return cases


def _kind(name: str, file: Path) -> str:
    """What a label map is of."""
    return SERIES if _record_of(name, file) is None else EXAMINATION


def _record_of(name: str, file: Path) -> Path | None:
    """The record that `predict` writes beside the fused bones of an examination; None of others."""
    exam = name.removesuffix("_bones")
    path = file.parent / f"{exam}.json"
    if exam == name or not path.is_file():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    # Other programs, too, write a JSON file beside an image.
    return path if isinstance(record, dict) and {"series", "bones"} <= set(record) else None


def _in_view(name: str, file: Path) -> tuple[FieldOfView, FieldOfView] | None:
    """How finely the series of an examination show its fused bones.

    Raises:
        ValueError: if its record does not tell.
    """
    from shoulderseg.morphometry.field_of_view import FieldOfView

    path = _record_of(name, file)
    if path is None:
        return None
    try:
        bones = json.loads(path.read_text(encoding="utf-8"))["bones"]
        # A bone that no two series agree on is not in the label map.
        told = list(bones.values())
        steps = [one[STEPS] if one["reference"] is not None else () for one in told]
        humerus, glenoid = (
            FieldOfView(steps_mm=tuple(np.array(one, np.float64).reshape(3, 3) for one in series))
            for series in steps
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        msg = (
            f"{path.name} does not tell how finely its series show these bones, as of an earlier "
            "version; run `shoulderseg predict` into another folder"
        )
        raise ValueError(msg) from None
    return humerus, glenoid


def _check_place(labels: Path, out: Path) -> None:
    if out.exists() and not out.is_dir():
        msg = f"{out} is a file; expected a folder for the measures"
        raise ValueError(msg)
    if out.resolve() == (labels if labels.is_dir() else labels.parent).resolve():
        msg = (
            f"{out} holds the label maps; choose another folder, so that no file of theirs is lost"
        )
        raise ValueError(msg)


def _label_maps(path: Path) -> dict[str, list[Path]]:
    """The files of each case; a DICOM SEG of `predict` lies beside the same one in another format.

    Raises:
        FileNotFoundError: if there is no such file or folder.
        ValueError: if a folder holds no label map.
    """
    from shoulderseg.workflows.scoring.match import by_case

    found = {
        case: [file for file in files if path.is_file() or file.suffix.lower() != ".dcm"]
        for case, files in by_case(path).items()
    }
    found = {case: found[case] for case in sorted(found) if found[case]}
    if not found:
        msg = f"no label maps in {path}"
        raise ValueError(msg)
    return found


def _measured(
    name: str, files: Sequence[Path], values: Mapping[str, int], side: str
) -> list[dict[str, Any]]:
    from shoulderseg.workflows.scoring.label_files import check_comparable, read_compared

    volume = read_compared(files, values)
    check_comparable(files[0], volume, values)
    in_view = _in_view(name, files[0])
    return as_records(measure_volume(volume, values, side, in_view=in_view))
