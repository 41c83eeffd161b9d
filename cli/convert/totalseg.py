"""`shoulderseg convert totalseg-mri` and `totalseg-ct`: shoulders out of body scans."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from shoulderseg.cli.convert.options import ConversionOptions, IdOption, OutArgument
from shoulderseg.cli.convert.output import run_conversion
from shoulderseg.cli.failure import reported

if TYPE_CHECKING:
    from shoulderseg.workflows.conversion.conversion import Target

SourceArgument = Annotated[Path, typer.Argument(help="Folder with s0001, s0002, ...")]


def _name_option(default: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        help="Name of the dataset.", show_default=default
    )
    return option


@dataclass(frozen=True)
class ShoulderOptions:
    """How shoulders are cut out, one option a field; see `as_command`."""

    glenoid_mm: Annotated[
        float,
        typer.Option(metavar="MM", help="How far from the joint surface the scapula is glenoid."),
    ] = 30.0
    margin_mm: Annotated[
        float, typer.Option(metavar="MM", help="Image kept around humeral head and glenoid.")
    ] = 40.0
    min_voxels: Annotated[
        int, typer.Option(help="Voxels that humerus and scapula must have, each, to be taken.")
    ] = 500


def totalseg_mri(
    source: SourceArgument,
    out: OutArgument,
    shoulder: ShoulderOptions,
    options: ConversionOptions,
    dataset_id: IdOption = 2,
    name: Annotated[str | None, _name_option("TotalSegMRI")] = None,
) -> None:
    """Convert the TotalSegmentator MRI dataset: sXXXX/mri.nii.gz, sXXXX/segmentations/.

    Each side that shows a joint becomes a case; the glenoid is cut from the scapula, which is an
    approximation. For non-commercial use only (CC BY-NC-SA 2.0).
    """
    with reported():
        _convert(source, "mri", options.target(out, dataset_id, name), shoulder, options)


def totalseg_ct(
    source: SourceArgument,
    out: OutArgument,
    shoulder: ShoulderOptions,
    options: ConversionOptions,
    dataset_id: IdOption = 3,
    name: Annotated[str | None, _name_option("TotalSegCT")] = None,
) -> None:
    """Convert the TotalSegmentator CT dataset, as priors of shape: sXXXX/ct.nii.gz, as for MRI.

    Known fault of its labels: the supraspinous fossa of the scapula is missing (CC BY 4.0).
    """
    with reported():
        _convert(source, "ct", options.target(out, dataset_id, name), shoulder, options)


def _convert(
    source: Path,
    modality: Literal["mri", "ct"],
    target: Target,
    shoulder: ShoulderOptions,
    options: ConversionOptions,
) -> None:
    from shoulderseg.workflows.conversion.totalseg import totalseg_conversion

    conversion = totalseg_conversion(
        source,
        modality,
        target,
        glenoid_mm=shoulder.glenoid_mm,
        margin_mm=shoulder.margin_mm,
        min_voxels=shoulder.min_voxels,
    )
    run_conversion(conversion, options)
