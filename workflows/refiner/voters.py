"""Whose votes an edge refiner learns from: U-Nets trained fold by fold, or those of a bundle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.unet_set import UNetSet


@dataclass(frozen=True)
class Voters:
    """U-Nets that never saw the cases they vote on.

    Attributes:
        digests: For each fold with U-Nets for its held-out cases the fingerprint of these U-Nets.
        load: Gives the U-Nets of such a fold.
        plans: What all of them were planned with.
        labels: Names of the two bones that they find, the first one first.
        trained_elsewhere: Whether they were trained on other patients than the dataset's, so that
            they may vote on every case and not on held-out ones alone.
        upright: Whether images are turned upright for them, as `predict` does.
        crop: Whether they see the surroundings of the bones alone, as in `predict`.
        three_planes: Whether they see volumes of many thin slices in all three planes, as there.
        one_piece: Bones of which one piece is kept, as there.
        folder_name: Of the refiner's folder beside nnU-Net's models.
    """

    digests: Mapping[str, str]
    load: Callable[[str], UNetSet]
    plans: Mapping[str, Any]
    labels: tuple[str, ...]
    trained_elsewhere: bool
    upright: bool
    crop: bool
    three_planes: bool
    one_piece: tuple[str, ...]
    folder_name: str


def trained_voters(name: str, plans_name: str, folds: Sequence[str]) -> Voters:
    """Returns the U-Nets of those folds of a dataset in which all three are finished.

    Args:
        name: Full dataset name.
        plans_name: nnU-Net's identifier of the plans.
        folds: Numbered folds.

    Raises:
        FileNotFoundError: If the dataset is not there or has not been planned.
    """
    from shoulderseg.nnunet_ext.checkpoints import load_unets
    from shoulderseg.nnunet_ext.folders import PREPROCESSED, RAW, RESULTS, data_folder
    from shoulderseg.nnunet_ext.regions import foreground_labels

    results = data_folder(RESULTS) / name
    described = json.loads((data_folder(RAW) / name / "dataset.json").read_text())
    plans = json.loads((data_folder(PREPROCESSED) / name / f"{plans_name}.json").read_text())
    return Voters(
        digests=trained_digests(name, plans_name, folds),
        load=lambda fold: load_unets(results, plans_name, [fold]),
        plans=plans,
        labels=tuple(foreground_labels(described)),
        trained_elsewhere=False,
        upright=False,
        crop=False,
        three_planes=False,
        one_piece=(),
        folder_name=trained_folder_name(plans_name),
    )


def trained_folder_name(plans_name: str) -> str:
    """Returns the name of the folder of a refiner that learned on a dataset's own U-Nets."""
    return f"shoulderRefiner__{plans_name}"


def trained_digests(name: str, plans_name: str, folds: Sequence[str]) -> dict[str, str]:
    """Returns fingerprints of the U-Nets of those folds in which all three are finished."""
    from shoulderseg.nnunet_ext.checkpoints import finished_folds
    from shoulderseg.nnunet_ext.folders import RESULTS, data_folder
    from shoulderseg.nnunet_ext.variants import TRAINERS, model_folder

    results = data_folder(RESULTS) / name
    finished = [finished_folds(model_folder(results, v, plans_name)) for v in TRAINERS]
    voting = [fold for fold in folds if all(fold in some for some in finished)]
    return {fold: weights_digest(name, plans_name, fold) for fold in voting}


def bundle_voters(folder: Path, folds: Sequence[str]) -> Voters:
    """Returns all U-Nets of a bundle, for every fold of a dataset that none of them has seen.

    Args:
        folder: The bundle; its fingerprints are checked.
        folds: Of the dataset.

    Raises:
        FileNotFoundError: If there is no bundle.
        ValueError: If it is damaged.
    """
    from shoulderseg.nnunet_ext.regions import foreground_labels
    from shoulderseg.workflows.bundles.bundle import read_bundle

    bundle = read_bundle(folder)
    digest = bundle_digest(folder)
    return Voters(
        digests=dict.fromkeys(folds, digest),
        load=lambda _: bundle.unets,
        plans=bundle.unets.plans,
        labels=tuple(foreground_labels(bundle.unets.dataset_json)),
        trained_elsewhere=True,
        upright=bundle.upright,
        crop=bundle.crop,
        three_planes=bundle.three_planes,
        one_piece=tuple(bundle.one_piece),
        folder_name=bundle_folder_name(digest),
    )


def bundle_folder_name(digest: str) -> str:
    """Returns the name of the folder of a refiner that learned on the U-Nets of a bundle."""
    return f"shoulderRefiner__bundle_{digest[:12]}"


def bundle_digest(folder: Path) -> str:
    """Returns a fingerprint of what in a sound bundle makes its U-Nets vote as they do."""
    from shoulderseg.workflows.bundles.manifest import verified_manifest

    manifest = verified_manifest(folder)
    files = {name: sha for name, sha in manifest["files"].items() if is_of_unets(name)}
    said = [manifest.get("upright", False)]
    # Bundles that do not crop keep the fingerprint that they had before there was a choice.
    said += [True, *manifest.get("one_piece", [])] if manifest.get("crop", False) else []
    said += ["three planes"] if manifest.get("three_planes", False) else []
    told = json.dumps([files, *said], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def is_of_unets(file_name: str) -> bool:
    """Tells whether a file of a bundle belongs to its U-Nets."""
    from shoulderseg.nnunet_ext.bundle import DATASET_FILE, PLANS_FILE, weights_file
    from shoulderseg.nnunet_ext.variants import TRAINERS

    weights = tuple(weights_file(variant, "*").split("*")[0] for variant in TRAINERS)
    return file_name in (PLANS_FILE, DATASET_FILE) or file_name.startswith(weights)


def weights_digest(name: str, plans_name: str, fold: str) -> str:
    """Returns a fingerprint of the three U-Nets that were trained in one fold of a dataset."""
    from shoulderseg.nnunet_ext.folders import RESULTS, data_folder
    from shoulderseg.nnunet_ext.variants import CHECKPOINT, TRAINERS, model_folder

    digest = hashlib.sha256()
    for variant in TRAINERS:
        folder = model_folder(data_folder(RESULTS) / name, variant, plans_name)
        with (folder / f"fold_{fold}" / CHECKPOINT).open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def find_voters(dataset_name: str, size: str, bundle: str | None) -> Voters:
    """Gives the U-Nets of a bundle, or those that were trained on the dataset itself.

    Args:
        dataset_name: full name of the dataset.
        size: of its own U-Nets, `auto` or `small`.
        bundle: name or folder of a bundle; None for the dataset's own.
    """
    from shoulderseg.nnunet_ext.folders import fold_names
    from shoulderseg.workflows.bundles.store import find_bundle
    from shoulderseg.workflows.training.size import plans_name

    folds = fold_names(dataset_name)
    if bundle is not None:
        return bundle_voters(find_bundle(bundle), folds)
    return trained_voters(dataset_name, plans_name(size), folds)
