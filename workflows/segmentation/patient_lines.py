"""What the terminal says of files that hold a patient's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shoulderseg.workflows.outputs.formats import SR_SUFFIX, Format, file_suffix


def patient_lines(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Says how many files of a run hold a patient's data, as DICOM asks; nothing without any.

    Args:
        records: of cases and examinations.
    """
    files = [name for one in records if "patient_data" in one for name in one["outputs"]]
    kinds = [
        f"{count} DICOM {kind} file{'s' * (count != 1)}"
        for kind, end in (("SEG", file_suffix(Format.dicom)), ("SR", SR_SUFFIX))
        if (count := sum(name.endswith(end) for name in files))
    ]
    if not kinds:
        return []
    return [
        f"patient's data of the source: in {' and '.join(kinds)}, as the standard asks; "
        "--format nii.gz leaves them out"
    ]
