"""`shoulderseg convert dicom-study`: DICOM examinations and the masks drawn on them."""

from __future__ import annotations

from typing import Annotated

import typer

from shoulderseg.cli.convert.options import (
    ConversionOptions,
    IdOption,
    KeepNamesOption,
    NameOption,
    OutArgument,
    PatientsArgument,
)
from shoulderseg.cli.convert.output import run_conversion
from shoulderseg.cli.failure import reported
from shoulderseg.cli.label_map import parse_structures


def dicom_study(
    source: PatientsArgument,
    out: OutArgument,
    options: ConversionOptions,
    label_map: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="VALUE|SEGMENT=NAME",
            help="VALUE=NAME for masks without names, SEGMENT=NAME for others; NAME may be "
            "background. Repeat it, or separate entries by commas: --map 3=humerus,5=glenoid. The "
            "humerus, or else the first structure, gets label 1, the other one label 2.",
            show_default="segments called humerus or glenoid",
        ),
    ] = None,
    dataset_id: IdOption = 1,
    name: NameOption = "Shoulder",
    automatic_masks: Annotated[
        bool,
        typer.Option(
            "--automatic-masks",
            help="Take DICOM SEG whose segments were all drawn by a program, which are skipped "
            "otherwise: a prediction that came back from an archive is no truth.",
        ),
    ] = False,
    keep_source_names: KeepNamesOption = False,
) -> None:
    """Convert DICOM series with masks (DICOM SEG, seg.nrrd, NRRD, NIfTI), a folder a patient.

    A DICOM SEG says which series it was drawn on; other masks must lie on the grid of one series.
    Each series with a mask becomes a case.
    """
    with reported():
        from shoulderseg.workflows.conversion.folders import study_conversion

        keys, labels = parse_structures(label_map or [])
        target = options.target(out, dataset_id, name, keep_source_names=keep_source_names)
        conversion = study_conversion(source, keys, labels, target, automatic_masks=automatic_masks)
        run_conversion(conversion, options)
