"""A bundle: one folder with everything `predict` needs, and a fingerprint of each file in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.bundles.context_file import CONTEXT_FILE, Context, read_context
from shoulderseg.workflows.bundles.manifest import MANIFEST, sha256_of, verified_manifest
from shoulderseg.workflows.bundles.quality_file import QUALITY_FILE, read_quality, read_settings

if TYPE_CHECKING:
    from shoulderseg.evaluation.quality.calibration import Calibration
    from shoulderseg.nnunet_ext.unet_set import UNetSet
    from shoulderseg.refine.edges import EdgeRule
    from shoulderseg.refine.network import PatchAlexNet


@dataclass(frozen=True)
class Refiner:
    """The edge refiner: its networks, and what their cross-validation showed.

    Attributes:
        classifiers: one AlexNet for each fold.
        pixel_mm: in-plane pixel size they were trained at.
        rule: which voxels they decide, and how far they are trusted.
        helps: whether the rule beat the vote on held-out patients.
    """

    classifiers: Mapping[str, PatchAlexNet]
    pixel_mm: float
    rule: EdgeRule
    helps: bool


@dataclass(frozen=True)
class Bundle:
    """A verified bundle, loaded.

    Attributes:
        unets: the U-Nets.
        refiner: the edge refiner, or None where the bundle has none.
        quality: the calibration of predicted Dice, or None where the bundle has none.
        quality_settings: what `predict` was set to for it, as far as the bundle says.
        upright: whether it was trained on slices that stand as scanners store them, so that
            volumes which lie otherwise are turned first.
        one_piece: names of the bones of which only one piece counts.
        crop: whether the U-Nets learned from patches around the joint and are to see the
            surroundings of the bones alone.
        three_planes: whether they learned from slices of all planes, so that volumes of many
            thin slices are seen in all three.
        context: what corrects the U-Nets from slice to slice, or None where the bundle has none.
        digest: sha256 of the manifest, which holds the sha256 of every other file.
    """

    unets: UNetSet
    refiner: Refiner | None
    quality: Calibration | None
    quality_settings: Mapping[str, Any]
    upright: bool
    one_piece: tuple[str, ...]
    crop: bool
    three_planes: bool
    context: Context | None
    digest: str


def classifier_file(fold: str) -> str:
    """Name of the weights of one fold's AlexNet."""
    return f"alexnet_fold_{fold}.safetensors"


def read_bundle(folder: Path) -> Bundle:
    """Verifies and loads a bundle. No pickle is read.

    Raises:
        ValueError: if a file is missing, changed, or not what its name says; names it.
    """
    from shoulderseg.nnunet_ext.bundle import read_unets
    from shoulderseg.nnunet_ext.unet_set import OF_ONE_NETWORK, PARTS

    manifest = verified_manifest(folder)
    axes = manifest["mirroring_axes"]
    # Bundles of earlier versions say nothing of this.
    variants = OF_ONE_NETWORK if manifest.get("one_network", False) else tuple(PARTS)
    unets = read_unets(folder, manifest["folds"], None if axes is None else tuple(axes), variants)
    refiner, calibrated = manifest["refiner"], QUALITY_FILE in manifest["files"]
    return Bundle(
        unets=unets,
        refiner=None if refiner is None else _read_refiner(folder, refiner),
        quality=read_quality(folder / QUALITY_FILE) if calibrated else None,
        quality_settings=read_settings(folder / QUALITY_FILE) if calibrated else {},
        # Bundles of earlier versions say none of these.
        upright=manifest.get("upright", False),
        one_piece=tuple(manifest.get("one_piece", ())),
        crop=manifest.get("crop", False),
        three_planes=manifest.get("three_planes", False),
        context=read_context(folder / CONTEXT_FILE) if CONTEXT_FILE in manifest["files"] else None,
        digest=sha256_of(folder / MANIFEST),
    )


def _read_refiner(folder: Path, described: Mapping[str, Any]) -> Refiner:
    from shoulderseg.nnunet_ext.bundle import read_tensors
    from shoulderseg.refine.edges import EdgeRule
    from shoulderseg.refine.network import AlexNetConfig, load_alexnet

    config = AlexNetConfig.from_dict(described["network"])
    return Refiner(
        classifiers={
            fold: load_alexnet(config, read_tensors(folder / classifier_file(fold)))
            for fold in described["folds"]
        },
        pixel_mm=float(described["pixel_mm"]),
        rule=EdgeRule(**described["rule"]),
        helps=described["helps"],
    )
