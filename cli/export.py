"""`shoulderseg export`: a bundle from nnU-Net's results folder and the trained refiner."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shoulderseg.cli.failure import reported
from shoulderseg.cli.options import DatasetArgument, NetworkSize, SizeOption, split_list
from shoulderseg.cli.terminal import echo

if TYPE_CHECKING:
    from shoulderseg.workflows.bundles.fill import Contents


class Precision(StrEnum):
    """Type of the stored U-Net weights."""

    fp16 = "fp16"
    fp32 = "fp32"


@dataclass(frozen=True)
class ContentOptions:
    """What goes into a bundle, one option a field; see `as_command`."""

    folds: Annotated[
        str,
        typer.Option(metavar="N,N,...", help="Which folds.", show_default="all that are finished"),
    ] = ""
    precision: Annotated[
        Precision | None, typer.Option(help="Of the stored weights.", show_default="fp16")
    ] = None
    synthetic: Annotated[
        bool,
        typer.Option(
            "--synthetic",
            help="Take the U-Nets that `train --synthetic` trained; the edge refiner comes by "
            "`train-refiner --unets BUNDLE`.",
        ),
    ] = False
    shared: Annotated[
        bool,
        typer.Option(
            "--shared",
            help="Take all three U-Nets from the one network of `train --synthetic --variants "
            "shared`, to use them as they are or to start three trainings from them.",
        ),
    ] = False
    unets: Annotated[
        str | None,
        typer.Option(
            metavar="BUNDLE",
            help="Take the U-Nets of this bundle as they are, with their options; the edge "
            "refiner is that of `train-refiner --unets BUNDLE`.",
        ),
    ] = None
    overwrite: Annotated[
        bool, typer.Option(help="Replace an existing bundle, unless it is the same.")
    ] = False
    upright: Annotated[
        bool | None,
        typer.Option(
            "--upright/--no-upright",
            help="All training slices are in canonical orientation, head up or front up, and were "
            "mirrored in training: predict then reorients volumes that are stored otherwise.",
            show_default="as the training images lie",
        ),
    ] = None
    one_piece: Annotated[
        str,
        typer.Option(
            metavar="BONES",
            help="humerus, glenoid or both: bones whose label is one piece in every training "
            "volume; predict then keeps the largest piece, with both the glenoid's at the humerus.",
        ),
    ] = ""
    crop: Annotated[
        bool,
        typer.Option(
            "--crop",
            help="The U-Nets learned from patches around the joint, as `train --synthetic` makes "
            "them: predict then shows them the surroundings of the bones alone.",
        ),
    ] = False
    three_planes: Annotated[
        bool,
        typer.Option(
            "--three-planes",
            help="The U-Nets learned from slices of all planes, as `train --synthetic` makes them: "
            "predict then sees volumes of many thin slices in all three.",
        ),
    ] = False


def export(
    dataset: DatasetArgument,
    out: Annotated[Path, typer.Argument(help="The bundle's folder; must not exist yet.")],
    *,
    size: SizeOption = NetworkSize.auto,
    content: ContentOptions,
) -> None:
    """Put the trained U-Nets and the edge refiner of a dataset into one folder."""
    from shoulderseg.workflows.bundles.export import export_refined, export_trained
    from shoulderseg.workflows.bundles.fill import Traits

    with reported():
        if content.unets is not None:
            _refuse_other_options(size, content)
            exported = export_refined(dataset, out, content.unets, overwrite=content.overwrite)
        else:
            precision = (content.precision or Precision.fp16).value
            pieces = tuple(split_list(content.one_piece))
            traits = Traits(precision, content.upright, pieces, content.crop, content.three_planes)
            exported = export_trained(
                dataset,
                out,
                size.plans_name,
                folds=split_list(content.folds),
                traits=traits,
                overwrite=content.overwrite,
                synthetic=content.synthetic,
                shared=content.shared,
            )
    if exported.contents is None:
        echo(f"{out} is kept: it holds the same models already")
        return
    echo(f"{out}: {_summary(exported.contents)}")
    if exported.contents.orientation_doubt:
        echo(
            f"{exported.contents.orientation_doubt}: predict will not turn volumes for this "
            "bundle, so give it scans that lie as its training images did; --upright or "
            "--no-upright says how these lay"
        )
    if exported.lost_calibration:
        echo(
            "the calibration of the earlier bundle does not hold for this one and is left out; "
            f"make it anew: shoulderseg calibrate {out} IMAGES LABELS"
        )


def _refuse_other_options(size: NetworkSize, content: ContentOptions) -> None:
    """Refuses options beside `--unets` that its bundle has already settled."""
    given = (
        content.folds,
        content.upright is not None,
        content.one_piece,
        content.crop,
        content.three_planes,
        content.precision,
        content.synthetic,
        content.shared,
    )
    if any(given) or size is not NetworkSize.auto:
        msg = (
            "--size, --folds, --precision, --upright, --one-piece, --crop, --three-planes, "
            "--synthetic and --shared are what the bundle of --unets says itself; leave them out"
        )
        raise ValueError(msg)


def _summary(contents: Contents) -> str:
    refiner = "with" if contents.refined else "without (run `shoulderseg train-refiner`)"
    return (
        f"folds {', '.join(contents.folds)}, {refiner} edge refiner, {contents.mebibytes:.1f} MiB"
    )
