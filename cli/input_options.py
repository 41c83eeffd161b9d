"""What is taken of the input, as options that several commands have."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

ParticipantOption = Annotated[
    list[str] | None,
    typer.Option(
        "--participant-label",
        metavar="LABEL,...",
        help="Subjects of a BIDS dataset, with or without sub-; default: all.",
    ),
]
ImagesArgument = Annotated[
    Path,
    typer.Argument(
        metavar="IN",
        help="An image, a folder of images, a DICOM folder tree, a BIDS dataset, or a zip of one.",
    ),
]
OnlyOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Take the cases of this list alone, such as qc_fail.yml of the report page.",
    ),
]
PartOption = Annotated[
    str | None,
    typer.Option(
        "--part",
        metavar="K/N",
        help="Take the K-th of N parts of the cases, for arrays of jobs; all may write to one OUT.",
        show_default="1/1",
    ),
]
SourcesOption = Annotated[
    Path | None,
    typer.Option(
        "--sources",
        metavar="FILE",
        help="Write here which folder each case came from; as private as the input.",
    ),
]


class Examination(StrEnum):
    """Which series vote together."""

    auto = "auto"
    on = "on"
    off = "off"


ExaminationOption = Annotated[
    Examination,
    typer.Option(
        help="Which images are series of one examination and vote together. auto: DICOM series of "
        "one patient, study and frame of reference; on: also all other images, in a BIDS dataset "
        "those of a session; off: none.",
    ),
]
