"""What goes into a new bundle: U-Nets, edge refiner, and what is said of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shoulderseg.workflows.bundles.store import find_bundle
from shoulderseg.workflows.bundles.training_images import lie_upright

PRECISIONS = ("fp16", "fp32")


@dataclass(frozen=True)
class Traits:
    """What the user says of a new bundle.

    Attributes:
        precision: type of the stored U-Net weights, `fp16` or `fp32`.
        upright: whether all training slices stood as scanners store them; None to look at the
            headers of the training images.
        one_piece: names of the bones of which only one piece counts.
        crop: whether the U-Nets are to see the surroundings of the bones alone.
        three_planes: whether they learned from slices of all planes.

    Raises:
        ValueError: if a name is not that of a bone, or there is no such precision.
    """

    precision: str = "fp16"
    upright: bool | None = None
    one_piece: tuple[str, ...] = ()
    crop: bool = False
    three_planes: bool = False

    def __post_init__(self) -> None:
        from shoulderseg.nnunet_ext.variants import FIRST, SECOND

        if self.precision not in PRECISIONS:
            msg = f"precision is {self.precision!r}, expected {' or '.join(PRECISIONS)}"
            raise ValueError(msg)
        for bone in self.one_piece:
            if bone not in (FIRST, SECOND):
                msg = f"--one-piece names {bone!r}, expected {FIRST}, {SECOND} or both"
                raise ValueError(msg)


@dataclass(frozen=True)
class Contents:
    """What a bundle holds.

    Attributes:
        folds: of its U-Nets.
        refined: whether it has an edge refiner.
        mebibytes: size of its files.
        orientation_doubt: why the bundle is not said to be upright; empty if it is, or if that was
            stated.
    """

    folds: tuple[str, ...]
    refined: bool
    mebibytes: float
    orientation_doubt: str = ""


def fill_trained(
    folder: Path,
    dataset: str,
    plans_name: str,
    folds: list[str] | None,
    traits: Traits,
    *,
    synthetic: bool = False,
    shared: bool = False,
) -> Contents:
    """Fills a new bundle with what was trained on a dataset.

    Args:
        folder: the bundle, empty.
        dataset: a number or DatasetNNN_Name.
        plans_name: nnU-Net's identifier of the plans.
        folds: which folds; None for all that are finished.
        traits: what is to be said of the bundle.
        synthetic: take what `train --synthetic` trained; an edge refiner comes by `train-refiner`.
        shared: take all three from the one network that it trained for them.

    Raises:
        FileNotFoundError: if a training is missing.
        ValueError: if the trainings do not belong together.
    """
    from shoulderseg.nnunet_ext.bundle import write_unets
    from shoulderseg.nnunet_ext.checkpoints import load_unets
    from shoulderseg.nnunet_ext.folders import RESULTS, data_folder, dataset_name
    from shoulderseg.workflows.bundles.manifest import write_manifest

    name = dataset_name(dataset)
    results = data_folder(RESULTS) / name
    unets = load_unets(results, plans_name, folds, synthetic=synthetic, shared=shared)
    write_unets(unets, folder, "float16" if traits.precision == "fp16" else "float32")
    chosen = list(next(iter(unets.weights.values())))
    alone = synthetic or shared
    refiner = None if alone else _take_trained_refiner(folder, name, plans_name, chosen)
    upright, doubt = _how_images_lay(name, results, traits)
    write_manifest(
        folder,
        folds=chosen,
        mirroring_axes=unets.mirroring_axes,
        refiner=refiner,
        upright=upright,
        one_piece=traits.one_piece,
        crop=traits.crop,
        three_planes=traits.three_planes,
    )
    contents = _checked_contents(folder, chosen, refined=refiner is not None)
    return replace(contents, orientation_doubt=doubt)


def _how_images_lay(name: str, results: Path, traits: Traits) -> tuple[bool, str]:
    """Whether all training images lay upright, and why that cannot be said.

    Raises:
        ValueError: if it cannot, and three planes are asked for.
    """
    said = None if traits.upright is None else (traits.upright, "")
    upright, doubt = said or lie_upright(name, results)
    if traits.three_planes and not upright:
        reason = doubt or "--no-upright says that they did not"
        msg = f"--three-planes needs training images that lay upright, and {reason}; leave it out"
        raise ValueError(msg)
    return upright, doubt


def _take_trained_refiner(
    folder: Path, name: str, plans_name: str, folds: Sequence[str]
) -> dict[str, Any] | None:
    from shoulderseg.workflows.refiner.files import refiner_folder
    from shoulderseg.workflows.refiner.voters import trained_digests, trained_folder_name

    return _take_refiner(
        refiner_folder(name, trained_folder_name(plans_name)),
        folder,
        lambda judged: trained_digests(name, plans_name, judged),
        folds,
    )


def fill_refined(folder: Path, dataset: str, bundle: str) -> Contents:
    """Fills a new bundle with the U-Nets of another one and the refiner that learned on them.

    Args:
        folder: the bundle, empty.
        dataset: a number or DatasetNNN_Name; what the refiner was trained on.
        bundle: whose U-Nets: `default`, an imported one, or a folder.

    Raises:
        FileNotFoundError: if there is no such bundle or refiner.
        ValueError: if the refiner learned on other U-Nets, or the bundle is damaged.
    """
    from shoulderseg.nnunet_ext.folders import dataset_name
    from shoulderseg.nnunet_ext.ranges_file import RANGES_FILE
    from shoulderseg.workflows.bundles.manifest import verified_manifest, write_manifest
    from shoulderseg.workflows.refiner.files import refiner_folder
    from shoulderseg.workflows.refiner.voters import bundle_digest, bundle_folder_name, is_of_unets

    source = find_bundle(bundle)
    manifest, digest = verified_manifest(source), bundle_digest(source)
    for name in manifest["files"]:
        # What int8 needs is of the same U-Nets; predicted Dice is of results without the refiner.
        if not is_of_unets(name) and name != RANGES_FILE:
            continue
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
        crop=manifest.get("crop", False),
        one_network=manifest.get("one_network", False),
        three_planes=manifest.get("three_planes", False),
    )
    return _checked_contents(folder, manifest["folds"], refined=True)


def _take_refiner(
    trained: Path,
    folder: Path,
    digests_of: Callable[[list[str]], dict[str, str]],
    wanted: Sequence[str] = (),
) -> dict[str, Any] | None:
    """Copies a refiner into a new bundle.

    Args:
        trained: where `train-refiner` left it.
        folder: the bundle.
        digests_of: gives the fingerprints that the U-Nets of some folds have now.
        wanted: the folds whose AlexNets are taken: another fold's has learned from the cases that
            these hold out. All for none, and for a U-Net that learned from all cases.

    Returns:
        What `train-refiner` wrote about it, or None if there is none of these folds.

    Raises:
        ValueError: if its evidence belongs to other U-Nets, or its description to an earlier
            version.
    """
    from shoulderseg.nnunet_ext.variants import EVERY_CASE
    from shoulderseg.workflows.bundles.bundle import classifier_file
    from shoulderseg.workflows.bundles.manifest import is_sound_refiner
    from shoulderseg.workflows.refiner.files import DESCRIPTION_FILE

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
    held_out = [fold for fold in wanted if fold != EVERY_CASE]
    folds = [fold for fold in refiner["folds"] if not held_out or fold in held_out]
    for fold in folds:
        shutil.copyfile(trained / classifier_file(fold), folder / classifier_file(fold))
    return {**refiner, "folds": folds} if folds else None


def _checked_contents(folder: Path, folds: Sequence[str], *, refined: bool) -> Contents:
    """Reads the bundle once, as a check, and says what it holds."""
    from shoulderseg.workflows.bundles.bundle import read_bundle

    read_bundle(folder)
    mebibytes = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
    return Contents(tuple(folds), refined, mebibytes)
