"""The file formats that `predict` writes."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from shoulderseg.cli.options import split_list


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

FormatOption = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        help="One or more of nii.gz, nrrd, mha, seg.nrrd (3D Slicer), dicom-seg, stl, ply; "
        "repeat it or separate them by commas. Default: nii.gz, for DICOM input dicom-seg too.",
    ),
]
BidsOption = Annotated[
    bool,
    typer.Option("--bids", help="Lay the output out as a BIDS derivative: OUT/sub-.../anat/..."),
]


def parse_formats(words: Sequence[str]) -> tuple[Format, ...]:
    """Formats in the order they were asked for, each once; empty where none was.

    Args:
        words: what stood behind each `--format`.

    Raises:
        ValueError: if there is no such format.
    """
    known = {member.value: member for member in Format}
    chosen: dict[Format, None] = {}
    for item in (item for word in words for item in split_list(word)):
        name = item.lower().removeprefix(".")
        if name not in known:
            msg = f"--format {item}: no such format; choose from {', '.join(known)}"
            raise ValueError(msg)
        chosen[known[name]] = None
    return tuple(chosen)


def file_suffix(form: Format) -> str:
    """What a file of a format ends in, with the dot."""
    return "." + _SUFFIXES.get(form, form.value)
