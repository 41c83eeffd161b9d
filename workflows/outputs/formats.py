"""The file formats that `predict` writes."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class Format(StrEnum):
    """What a case can be written as."""

    nifti = "nii.gz"
    nrrd = "nrrd"
    mha = "mha"
    slicer = "seg.nrrd"
    dicom = "dicom-seg"
    stl = "stl"
    ply = "ply"


SURFACES = (Format.stl, Format.ply)
# A DICOM SEG is a DICOM file like any other to whoever opens the folder.
_SUFFIXES = {Format.dicom: "seg.dcm"}
# Of a DICOM Structured Report of measures, which lies beside a DICOM SEG.
SR_SUFFIX = ".sr.dcm"


def parse_formats(words: str | Sequence[str]) -> tuple[Format, ...]:
    """Formats in the order they were asked for, each once; empty where none was.

    Args:
        words: names of formats, or several separated by commas.

    Raises:
        ValueError: if there is no such format.
    """
    words = [words] if isinstance(words, str) else list(words)
    if not all(isinstance(word, str) for word in words):
        msg = f"formats are {words}, expected names such as nii.gz"
        raise ValueError(msg)
    known = {member.value: member for member in Format}
    chosen: dict[Format, None] = {}
    for item in (item.strip() for word in words for item in word.split(",") if item.strip()):
        name = item.lower().removeprefix(".")
        if name not in known:
            msg = f"no such format: {item}; choose from {', '.join(known)}"
            raise ValueError(msg)
        chosen[known[name]] = None
    return tuple(chosen)


def file_suffix(form: Format) -> str:
    """What a file of a format ends in, with the dot."""
    return "." + _SUFFIXES.get(form, form.value)
