"""Options of the commands that write results."""

from __future__ import annotations

from typing import Annotated

import typer

from shoulderseg.cli.options import Side

FormatOption = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        help="One or more of nii.gz, nrrd, mha, seg.nrrd (3D Slicer), dicom-seg, stl, ply; "
        "repeat it or separate them by commas.",
        show_default="nii.gz, for DICOM input dicom-seg too",
    ),
]
BidsOption = Annotated[
    bool,
    typer.Option("--bids", help="Lay the output out as a BIDS derivative: OUT/sub-.../anat/..."),
]
MeasureOption = Annotated[
    bool,
    typer.Option("--measure", help="Measure the bones: in the run report, and OUT/measures.csv."),
]
SideOption = Annotated[
    Side,
    typer.Option(
        help="With --measure: which shoulder it is, for images that do not say it; axes trusts the "
        "directions in each header.",
    ),
]
PageOption = Annotated[
    bool,
    typer.Option("--report", help="Build a page to look at the cases: OUT/report/index.html."),
]
OverwriteOption = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Make anew what OUT holds of another bundle, other options or another version, or of "
        "other images of the same names; without it such a folder is refused. What is done as "
        "asked for now is kept in any case.",
    ),
]
PreviewOption = Annotated[
    bool, typer.Option("--preview", help="Draw a picture of each case: OUT/previews/CASE.png.")
]
