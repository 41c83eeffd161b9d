"""Measures the label maps of a folder: what `shoulderseg measure` does."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.measure.basis import BASIS, basis_of, resolved
from shoulderseg.workflows.measure.fused import is_fused, tells_unseen, view_of
from shoulderseg.workflows.measure.shoulder import as_records, measure_volume
from shoulderseg.workflows.measure.side import given_side
from shoulderseg.workflows.measure.table import EXAMINATION, SERIES, TABLE_FILE, Row, write_table
from shoulderseg.workflows.outputs.plan import REPORT_FILE

_LOGGER = logging.getLogger(__name__)
_DICOM = ".dcm"
# Before that, what `predict` calls a DICOM SEG.
_SEG = ".seg"


@dataclass(frozen=True)
class MeasuredCase:
    """What came of a label map.

    Attributes:
        case: its name.
        measures: as `as_records` gives them; empty if it failed.
        error: why it failed; empty if it did not.
        basis: what the measures rest on, as `basis_of` gives it.
    """

    case: str
    measures: tuple[dict[str, Any], ...]
    error: str = ""
    basis: Mapping[str, Any] = field(default_factory=dict)


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
    found = _label_maps(labels)
    _check_place(labels, out)
    out.mkdir(parents=True, exist_ok=True)
    # An old one would not tell of the files that come now.
    (out / TABLE_FILE).unlink(missing_ok=True)
    cases: list[MeasuredCase] = []
    try:
        for name, files in found.items():
            cases.append(_case_of(name, files, out, values, side))
            on_case(cases[-1])
    except BaseException:
        # Also after an interruption: what is done is done. Why it ended is told in any case.
        try:
            _write_table(out, cases, found)
        except OSError as error:
            _LOGGER.warning("%s cannot be written: %s", TABLE_FILE, reason_of(error))
        raise
    _write_table(out, cases, found)
    return cases


def _case_of(
    name: str, files: Sequence[Path], out: Path, values: Mapping[str, int], side: str
) -> MeasuredCase:
    """Measures a label map and writes its JSON file."""
    from shoulderseg.datasets.output_file import write_text

    path = out / f"{name}.json"
    try:
        records, basis = _measured(name, files, values, side)
        told = {"case": name, BASIS: basis, "measures": records}
        write_text(path, json.dumps(told, indent=2) + "\n")
    except Exception as error:
        # The others go on.
        _LOGGER.debug("traceback", exc_info=True)
        # That of an earlier run would pass for this one's.
        path.unlink(missing_ok=True)
        return MeasuredCase(name, (), f"{files[0].name}: {reason_of(error)}")
    return MeasuredCase(name, tuple(records), basis=basis)


def _write_table(
    out: Path, cases: Sequence[MeasuredCase], found: Mapping[str, Sequence[Path]]
) -> None:
    kinds = {
        name: EXAMINATION if is_fused(name, files[0]) else SERIES for name, files in found.items()
    }
    rows = [Row(one.case, kinds[one.case], one.measures, one.basis) for one in cases]
    write_table(out / TABLE_FILE, rows)


def _check_place(labels: Path, out: Path) -> None:
    if out.exists() and not out.is_dir():
        msg = f"{out} is a file; expected a folder for the measures"
        raise ValueError(msg)
    if out.resolve() == (labels if labels.is_dir() else labels.parent).resolve():
        msg = (
            f"{out} holds the label maps; choose another folder, so that no file of theirs is lost"
        )
        raise ValueError(msg)
    if (out / REPORT_FILE).is_file():
        msg = (
            f"{out} holds results of `shoulderseg predict`, whose table of measures would be lost; "
            "choose another folder"
        )
        raise ValueError(msg)


def _label_maps(path: Path) -> dict[str, list[Path]]:
    """The files of each case; a DICOM SEG of `predict` lies beside the same one in another format.

    Raises:
        FileNotFoundError: if there is no such file or folder.
        ValueError: if a folder holds no label map.
    """
    from shoulderseg.workflows.scoring.match import by_case

    found: dict[str, list[Path]] = {}
    segs: dict[str, list[Path]] = {}
    for case, files in by_case(path).items():
        others = [file for file in files if path.is_file() or file.suffix.lower() != _DICOM]
        if others:
            found[case] = others
        elif _is_seg(files[0]):
            segs[case.removesuffix(_SEG)] = files
    # Told as one that is not read: a case that is not named would seem to have been forgotten.
    found = {
        case: files
        for case, files in sorted((segs | found).items())
        if not tells_unseen(case, files[0])
    }
    if not found:
        msg = f"no label maps in {path}"
        raise ValueError(msg)
    return found


def _is_seg(file: Path) -> bool:
    """Whether a file is a DICOM SEG; one that cannot be read is none."""
    from shoulderseg.datasets.converters.study_seg import is_seg
    from shoulderseg.datasets.files import holds_dicom

    try:
        return holds_dicom(file) and is_seg(file)
    except OSError:
        return False


def _measured(
    name: str, files: Sequence[Path], values: Mapping[str, int], side: str
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The measures of a label map, and what they rest on."""
    from shoulderseg.workflows.scoring.label_files import check_comparable, read_compared

    if _is_seg(files[0]):
        msg = (
            "a DICOM SEG, which is not read here; give the label map as .nii.gz or .seg.nrrd, as "
            "`shoulderseg predict --format nii.gz` writes it and 3D Slicer saves it"
        )
        raise ValueError(msg)
    volume = read_compared(files, values)
    check_comparable(files[0], volume, values)
    in_view = view_of(name, files[0], volume)
    known = resolved(given_side(side), volume, values)
    measures = measure_volume(volume, values, known.side, in_view=in_view)
    return as_records(measures), basis_of(volume, known, in_view=in_view)
