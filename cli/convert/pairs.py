"""`shoulderseg convert pairs`: a folder of images and one of label maps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shoulderseg.cli.convert.options import (
    ConversionOptions,
    IdOption,
    KeepNamesOption,
    MapOption,
    NameOption,
    OutArgument,
)
from shoulderseg.cli.convert.output import run_conversion
from shoulderseg.cli.failure import reported
from shoulderseg.cli.label_map import parse_label_map


def pairs(
    images: Annotated[Path, typer.Argument(help="Folder with one image a case.")],
    labels: Annotated[Path, typer.Argument(help="Folder with one label map a case, same names.")],
    out: OutArgument,
    label_map: MapOption,
    options: ConversionOptions,
    dataset_id: IdOption = 1,
    name: NameOption = "Shoulder",
    patient_pattern: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX",
            help="Regular expression; its group is the patient of a case.",
            show_default="each case is a patient of its own",
        ),
    ] = None,
    keep_source_names: KeepNamesOption = False,
) -> None:
    """Convert a folder of images and a folder of label maps with the same file names.

    All pairs are taken, or nothing is written.
    """
    with reported():
        from shoulderseg.workflows.conversion.pairs import pairs_conversion

        target = options.target(out, dataset_id, name, keep_source_names=keep_source_names)
        structures = parse_label_map(label_map)
        conversion = pairs_conversion(images, labels, structures, target, patient_pattern)
        run_conversion(conversion, options)
