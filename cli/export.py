"""`shoulderseg export`: a bundle from nnU-Net's results folder and the trained refiner."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from shoulderseg.cli.failure import reported
from shoulderseg.cli.options import DatasetArgument, NetworkSize, SizeOption, split_list
from shoulderseg.cli.placing import (
    has_calibration,
    is_current,
    move_into_place,
    refuse_foreign,
)


class Precision(StrEnum):
    """Type of the stored U-Net weights."""

    fp16 = "fp16"
    fp32 = "fp32"


@dataclass(frozen=True)
class Traits:
    """What the user says of a new bundle.

    Attributes:
        precision: type of the stored U-Net weights.
        upright: whether all training slices stood as scanners store them.
        one_piece: names of the bones of which only the largest piece counts.

    Raises:
        ValueError: if a name is not that of a bone.
    """

    precision: Precision
    upright: bool
    one_piece: tuple[str, ...]

    def __post_init__(self) -> None:
        from shoulderseg.nnunet_ext.variants import FIRST, SECOND

        for bone in self.one_piece:
            if bone not in (FIRST, SECOND):
                msg = f"--one-piece names {bone!r}, expected {FIRST}, {SECOND} or both"
                raise ValueError(msg)


def export(
    dataset: DatasetArgument,
    out: Annotated[Path, typer.Argument(help="The bundle's folder; must not exist yet.")],
    size: SizeOption = NetworkSize.auto,
    folds: Annotated[str, typer.Option(help="Folds; default: all that are finished.")] = "",
    precision: Annotated[Precision, typer.Option(help="Stored weights.")] = Precision.fp16,
    overwrite: Annotated[
        bool, typer.Option(help="Replace an existing bundle, unless it is the same.")
    ] = False,
    upright: Annotated[
        bool,
        typer.Option(
            "--upright",
            help="All training slices stand as scanners store them, head up or front up, and were "
            "mirrored in training: predict then turns volumes that lie otherwise in their files.",
        ),
    ] = False,
    one_piece: Annotated[
        str,
        typer.Option(
            metavar="BONES",
            help="humerus, glenoid or both: bones whose label is one piece in every training "
            "volume; predict then keeps their largest piece.",
        ),
    ] = "",
) -> None:
    """Put the trained U-Nets and the edge refiner of a dataset into one folder."""
    with reported():
        traits = Traits(precision, upright, tuple(split_list(one_piece)))
        _check_target(out, overwrite=overwrite)
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".bundle-") as work:
            folder = Path(work) / "bundle"
            folder.mkdir()
            summary = _fill(folder, dataset, size, split_list(folds) or None, traits)
            if out.exists() and is_current(out, folder):
                typer.echo(f"{out} is kept: it holds the same models already")
                return
            calibrated = has_calibration(out)
            move_into_place(folder, out)
        typer.echo(f"{out}: {summary}")
        if calibrated:
            typer.echo(
                "the calibration of the replaced bundle does not hold for these models and is "
                f"gone; make it anew: shoulderseg calibrate {out} IMAGES LABELS"
            )


def _check_target(out: Path, *, overwrite: bool) -> None:
    """Refuses to replace anything that was not asked for, or is more than a bundle."""
    if not out.exists():
        return
    if not overwrite:
        msg = f"{out} exists; choose another folder or give --overwrite"
        raise FileExistsError(msg)
    if not (out / "bundle.json").is_file():
        msg = f"{out} is not a bundle; it is not replaced"
        raise FileExistsError(msg)
    refuse_foreign(out)


def _check_refiner(refiner: Any, name: str, size: NetworkSize) -> None:  # noqa: ANN401
    """Refuses a refiner whose evidence belongs to other U-Nets.

    Raises:
        ValueError: if the U-Nets were trained anew after it, or its description is of an earlier
            version.
    """
    from shoulderseg.cli.bundles import is_sound_refiner
    from shoulderseg.cli.refiner_votes import voting_folds, weights_digest

    current = False
    if is_sound_refiner(refiner) and isinstance(refiner.get("unets"), dict):
        judged = refiner["unets"]
        kept = voting_folds(name, size, list(judged))
        current = judged == {fold: weights_digest(name, size, fold) for fold in kept}
    if not current:
        msg = (
            "the edge refiner was trained with other U-Nets or by an earlier version; run "
            "`shoulderseg train-refiner` again"
        )
        raise ValueError(msg)


def _fill(
    folder: Path,
    dataset: str,
    size: NetworkSize,
    folds: list[str] | None,
    traits: Traits,
) -> str:
    import torch

    from shoulderseg.cli.bundles import classifier_file, read_bundle, write_manifest
    from shoulderseg.cli.train_refiner import DESCRIPTION_FILE, refiner_folder
    from shoulderseg.nnunet_ext.bundle import write_unets
    from shoulderseg.nnunet_ext.checkpoints import load_unets
    from shoulderseg.nnunet_ext.folders import RESULTS, data_folder, dataset_name

    name = dataset_name(dataset)
    unets = load_unets(data_folder(RESULTS) / name, size.plans_name, folds)
    write_unets(
        unets, folder, torch.float16 if traits.precision is Precision.fp16 else torch.float32
    )
    trained = refiner_folder(name, size)
    refiner = None
    if (trained / DESCRIPTION_FILE).is_file():
        refiner = json.loads((trained / DESCRIPTION_FILE).read_text())
        _check_refiner(refiner, name, size)
        for fold in refiner["folds"]:
            shutil.copyfile(trained / classifier_file(fold), folder / classifier_file(fold))
    chosen = list(next(iter(unets.weights.values())))
    write_manifest(
        folder,
        folds=chosen,
        mirroring_axes=unets.mirroring_axes,
        refiner=refiner,
        upright=traits.upright,
        one_piece=traits.one_piece,
    )
    read_bundle(folder)
    mebibytes = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
    with_refiner = "with" if refiner else "without (run `shoulderseg train-refiner`)"
    return f"folds {', '.join(chosen)}, {with_refiner} edge refiner, {mebibytes:.1f} MiB"
