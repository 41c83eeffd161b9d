"""`shoulderseg convert slices`: folders of 2D slices with masks into volumes."""

from __future__ import annotations

from typing import Annotated

import typer

from shoulderseg.cli.convert.options import (
    ConversionOptions,
    IdOption,
    KeepNamesOption,
    MapOption,
    NameOption,
    OutArgument,
    PatientsArgument,
    read_spacing,
)
from shoulderseg.cli.convert.output import run_conversion
from shoulderseg.cli.failure import reported
from shoulderseg.cli.label_map import parse_label_map


def slices(
    source: PatientsArgument,
    out: OutArgument,
    spacing_mm: Annotated[
        str,
        typer.Option(metavar="Z,Y,X", help="From slice to slice, row to row, column to column."),
    ],
    label_map: MapOption,
    options: ConversionOptions,
    dataset_id: IdOption = 1,
    name: NameOption = "Shoulder",
    keep_source_names: KeepNamesOption = False,
) -> None:
    """Convert 2D slices (PNG, TIFF, DICOM) with masks, a folder a patient, into volumes.

    Masks lie in PATIENT/masks under the names of the files in PATIENT/images, or beside their image
    as NAME_mask. Slices are stacked by the numbers in their names; cases are called p001, p002, ...
    in the order of the folders.
    """
    with reported():
        from shoulderseg.workflows.conversion.folders import slices_conversion

        target = options.target(out, dataset_id, name, keep_source_names=keep_source_names)
        structures, spacing = parse_label_map(label_map), read_spacing(spacing_mm)
        run_conversion(slices_conversion(source, structures, spacing, target), options)
