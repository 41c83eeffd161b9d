"""Writes what `predict` found in a case, in the formats asked for."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.errors import may_pass, reason_of
from shoulderseg.workflows.outputs.case_files import Piece, pieces_of, side_files
from shoulderseg.workflows.outputs.formats import Format

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume
    from shoulderseg.workflows.outputs.plan import Case, OutputPlan

# In a record: what is not written and may be the next time, though its case is done.
TRY_AGAIN = "try_again"
HOLDS_PATIENT_DATA = "carries the patient's data of its source images; handle it as you do them"

_LOGGER = logging.getLogger(__name__)


def write_outputs(
    plan: OutputPlan,
    case: Case,
    label_map: npt.NDArray[np.uint8],
    volume: Volume,
    values: Mapping[str, int],
    others: Collection[str] = (),
) -> dict[str, Any]:
    """Writes a case; a format that cannot be written keeps no other from being written.

    An old file of a format that is asked for is replaced, or else removed, as it would pass for
    this run's. Where nothing at all can be written, all old files stay.

    Args:
        plan: where to, and as what.
        case: the case.
        label_map: labels, uint8 (Z, Y, X).
        volume: the image, for its grid.
        values: the voxel value of each label.
        others: files, below the folder, of the run's other cases.

    Returns:
        For the run report: `output`, the first file; `outputs`, all of them; where there are any,
        `surfaces`, `patient_data` and `not_written`, with reasons, `error` if that was asked for,
        `try_again` where disk or memory was why, `of_an_earlier_run`, old files of other formats.

    Raises:
        ValueError: if nothing that was asked for can be written, or a folder is a link.
        OSError: if no file can be written.
    """
    from shoulderseg.datasets.labels import describe_labels

    labels = describe_labels(values)
    plan.make_folder(case)
    said: dict[str, Any] = {}
    pieces = list(pieces_of(plan, case, (label_map, volume), labels, said))
    written, missing, errors = _write_all(pieces)
    if errors and not written:
        raise next(error for several in errors.values() for error in several)
    if not said.get("surfaces"):
        said.pop("surfaces", None)
    if plan.bids:
        missing |= _write_all(side_files(plan, case, volume, labels))[1]
    # In the order in which they were asked for.
    outputs = [plan.below(path) for form in plan.formats_of(case) for path in written.get(form, [])]
    said |= _remarks(plan, case, written, missing) | _to_try_again(errors)
    _remove_old(plan, case, values, [*outputs, *others])
    if stale := plan.left_over(case, [*outputs, *others]):
        said["of_an_earlier_run"] = stale
    return {"output": next(iter(outputs), None), "outputs": outputs, **said}


def _remarks(
    plan: OutputPlan, case: Case, written: Mapping[str, list[Path]], missing: dict[str, str]
) -> dict[str, Any]:
    """What the report says of patient data and of what is not written."""
    said: dict[str, Any] = {}
    if Format.dicom in written:
        said["patient_data"] = f"{written[Format.dicom][0].name} {HOLDS_PATIENT_DATA}"
    missing = {form.value: why for form, why in plan.refused(case).items()} | missing
    if missing:
        said["not_written"] = missing
    failed = _those_that_count(plan, case, missing)
    if failed:
        said["error"] = f"{case.name}: {'; '.join(failed)}"
    return said


def _write_all(
    pieces: Iterable[Piece],
) -> tuple[dict[str, list[Path]], dict[str, str], dict[str, list[Exception]]]:
    """Gives what is written, why the rest is not, and the errors, each by format."""
    written: dict[str, list[Path]] = {}
    reasons: dict[str, list[str]] = {}
    errors: dict[str, list[Exception]] = {}
    for piece in pieces:
        try:
            if piece.write():
                written.setdefault(piece.form, []).append(piece.path)
        except Exception as error:
            # A full disk, too little memory or a library's fault in one format spoils no other.
            _LOGGER.debug("traceback", exc_info=True)
            errors.setdefault(piece.form, []).append(error)
            reason = f"{piece.part}: {reason_of(error)}" if piece.part else reason_of(error)
            reasons.setdefault(piece.form, []).append(reason)
    return written, {form: "; ".join(said) for form, said in reasons.items()}, errors


def _to_try_again(errors: Mapping[str, Sequence[Exception]]) -> dict[str, list[str]]:
    forms = [form for form, several in errors.items() if all(map(may_pass, several))]
    return {TRY_AGAIN: forms} if forms else {}


def _those_that_count(plan: OutputPlan, case: Case, missing: Mapping[str, str]) -> list[str]:
    """What fails the case; a DICOM SEG that nobody asked for is only missed."""
    failed = []
    for form, why in missing.items():
        if form == Format.dicom and form not in plan.formats:
            _LOGGER.warning("%s: no DICOM SEG: %s", case.name, why)
        else:
            failed.append(f"no {form}: {why}")
    return failed


def _remove_old(
    plan: OutputPlan, case: Case, bones: Collection[str], keep: Collection[str]
) -> None:
    for path in plan.paths(case, bones):
        if plan.below(path) not in keep:
            # What cannot be removed is listed as an earlier run's.
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
