"""Assembles `shoulderseg convert`: other people's folders into nnU-Net datasets."""

from __future__ import annotations

import typer

from shoulderseg.cli.convert.pairs import pairs
from shoulderseg.cli.convert.slices import slices
from shoulderseg.cli.convert.study import dicom_study
from shoulderseg.cli.convert.totalseg import totalseg_ct, totalseg_mri
from shoulderseg.cli.signature import PlainGroup, add_command, as_command, flowing

convert_app = typer.Typer(cls=PlainGroup)


def converters() -> None:
    """Turn images with label maps into an nnU-Net dataset.

    An interrupted conversion goes on with the same command.
    """


convert_app.callback(help=flowing(converters))(as_command(converters))
add_command(convert_app, pairs)
add_command(convert_app, totalseg_mri, "totalseg-mri")
add_command(convert_app, totalseg_ct, "totalseg-ct")
add_command(convert_app, slices)
add_command(convert_app, dicom_study, "dicom-study")
