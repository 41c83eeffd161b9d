"""`shoulderseg export`: a bundle from nnU-Net's results folder and the trained refiner."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from shoulderseg.cli.failure import reported
from shoulderseg.cli.options import DatasetArgument, NetworkSize, SizeOption, split_list
from shoulderseg.workflows.bundles.replace import (
    atomic_replace,
    has_calibration,
    is_current,
    refuse_foreign,
)
from shoulderseg.workflows.bundles.store import find_bundle


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
    precision: Annotated[
        Precision | None, typer.Option(help="Stored weights; default: fp16.")
    ] = None,
    unets: Annotated[
        str | None,
        typer.Option(
            metavar="BUNDLE",
            help="Take the U-Nets of this bundle as they are, and what it says of them; the edge "
            "refiner is that of `train-refiner --unets BUNDLE`.",
        ),
    ] = None,
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
        traits = Traits(precision or Precision.fp16, upright, tuple(split_list(one_piece)))
        said = (folds, upright, one_piece, precision, size is not NetworkSize.auto)
        if unets is not None and any(said):
            msg = (
                "--size, --folds, --precision, --upright and --one-piece are what the bundle of "
                "--unets says itself; leave them out"
            )
            raise ValueError(msg)
        _check_target(out, overwrite=overwrite)
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".bundle-") as work:
            folder = Path(work) / "bundle"
            folder.mkdir()
            if unets is None:
                summary = _fill(folder, dataset, size, split_list(folds) or None, traits)
            else:
                summary = _refill(folder, dataset, unets)
            if out.exists() and is_current(out, folder):
                typer.echo(f"{out} is kept: it holds the same models already")
                return
            calibrated = has_calibration(out) or (
                unets is not None and has_calibration(find_bundle(unets))
            )
            atomic_replace(folder, out)
        typer.echo(f"{out}: {summary}")
        if calibrated:
            typer.echo(
                "the calibration of the earlier bundle does not hold for this one and is left out; "
                f"make it anew: shoulderseg calibrate {out} IMAGES LABELS"
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


def _take_refiner(
    trained: Path, folder: Path, digests_of: Callable[[list[str]], dict[str, str]]
) -> dict[str, Any] | None:
    """Copies a refiner into a new bundle.

    Args:
        trained: where `train-refiner` left it.
        folder: the bundle.
        digests_of: gives the fingerprints that the U-Nets of some folds have now.

    Returns:
        What `train-refiner` wrote about it, or None if there is none.

    Raises:
        ValueError: if its evidence belongs to other U-Nets, or its description to an earlier
            version.
    """
    from shoulderseg.cli.train_refiner import DESCRIPTION_FILE
    from shoulderseg.workflows.bundles.bundle import classifier_file
    from shoulderseg.workflows.bundles.manifest import is_sound_refiner

    if not (trained / DESCRIPTION_FILE).is_file():
        return None
    refiner = json.loads((trained / DESCRIPTION_FILE).read_text())
    judged = refiner.get("unets") if is_sound_refiner(refiner) else None
    if not isinstance(judged, dict) or judged != digests_of(list(judged)):
        msg = (
            "the edge refiner was trained with other U-Nets or by an earlier version; run "
            "`shoulderseg train-refiner` again"
        )
        raise ValueError(msg)
    for fold in refiner["folds"]:
        shutil.copyfile(trained / classifier_file(fold), folder / classifier_file(fold))
    described: dict[str, Any] = refiner
    return described


def _fill(
    folder: Path,
    dataset: str,
    size: NetworkSize,
    folds: list[str] | None,
    traits: Traits,
) -> str:
    import torch

    from shoulderseg.cli.train_refiner import refiner_folder
    from shoulderseg.nnunet_ext.bundle import write_unets
    from shoulderseg.nnunet_ext.checkpoints import load_unets
    from shoulderseg.nnunet_ext.folders import RESULTS, data_folder, dataset_name
    from shoulderseg.workflows.bundles.manifest import write_manifest
    from shoulderseg.workflows.refiner.voters import trained_digests, trained_folder_name

    name = dataset_name(dataset)
    unets = load_unets(data_folder(RESULTS) / name, size.plans_name, folds)
    write_unets(
        unets, folder, torch.float16 if traits.precision is Precision.fp16 else torch.float32
    )
    refiner = _take_refiner(
        refiner_folder(name, trained_folder_name(size.plans_name)),
        folder,
        lambda judged: trained_digests(name, size.plans_name, judged),
    )
    chosen = list(next(iter(unets.weights.values())))
    write_manifest(
        folder,
        folds=chosen,
        mirroring_axes=unets.mirroring_axes,
        refiner=refiner,
        upright=traits.upright,
        one_piece=traits.one_piece,
    )
    return _summary(folder, chosen, refined=refiner is not None)


def _refill(folder: Path, dataset: str, bundle: str) -> str:
    """Fills a new bundle with the U-Nets of another one and the refiner that learned on them."""
    from shoulderseg.cli.train_refiner import refiner_folder
    from shoulderseg.nnunet_ext.folders import dataset_name
    from shoulderseg.workflows.bundles.manifest import verified_manifest, write_manifest
    from shoulderseg.workflows.refiner.voters import bundle_digest, bundle_folder_name, is_of_unets

    source = find_bundle(bundle)
    manifest, digest = verified_manifest(source), bundle_digest(source)
    for name in filter(is_of_unets, manifest["files"]):
        shutil.copyfile(source / name, folder / name)
    trained = refiner_folder(dataset_name(dataset), bundle_folder_name(digest))
    refiner = _take_refiner(trained, folder, lambda judged: dict.fromkeys(judged, digest))
    if refiner is None:
        msg = (
            f"{trained} holds no refiner of this bundle's U-Nets; run `shoulderseg train-refiner "
            f"{dataset} --unets {bundle}` first"
        )
        raise FileNotFoundError(msg)
    axes = manifest["mirroring_axes"]
    write_manifest(
        folder,
        folds=manifest["folds"],
        mirroring_axes=None if axes is None else tuple(axes),
        refiner=refiner,
        upright=manifest.get("upright", False),
        one_piece=manifest.get("one_piece", ()),
    )
    return _summary(folder, manifest["folds"], refined=True)


def _summary(folder: Path, folds: list[str], *, refined: bool) -> str:
    """Reads the bundle once, as a check, and says what it holds."""
    from shoulderseg.workflows.bundles.bundle import read_bundle

    read_bundle(folder)
    mebibytes = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
    with_refiner = "with" if refined else "without (run `shoulderseg train-refiner`)"
    return f"folds {', '.join(folds)}, {with_refiner} edge refiner, {mebibytes:.1f} MiB"
