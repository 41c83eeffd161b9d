"""What is taken of the input, as options that several commands have."""

from __future__ import annotations

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
SourcesOption = Annotated[
    Path | None,
    typer.Option(
        "--sources",
        metavar="FILE",
        help="Write here which folder each case came from; as private as the input.",
    ),
]
