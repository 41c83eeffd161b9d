"""Assembles `shoulderseg convert`: other people's folders into nnU-Net datasets."""

from __future__ import annotations

import typer

from shoulderseg.cli.convert.pairs import pairs
from shoulderseg.cli.convert.slices import slices
from shoulderseg.cli.convert.study import dicom_study
from shoulderseg.cli.convert.totalseg import totalseg_ct, totalseg_mri

convert_app = typer.Typer(help="Turn images with label maps into an nnU-Net dataset.")


@convert_app.callback()
def converters() -> None:
    """Turn images with label maps into an nnU-Net dataset.

    An interrupted conversion goes on with the same command.
    """


convert_app.command()(pairs)
convert_app.command(name="totalseg-mri")(totalseg_mri)
convert_app.command(name="totalseg-ct")(totalseg_ct)
convert_app.command()(slices)
convert_app.command(name="dicom-study")(dicom_study)
