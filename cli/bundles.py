"""A bundle: one folder with everything `predict` needs, and a fingerprint of each file in it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.unets import UNetSet
    from shoulderseg.refine.network import PatchAlexNet

MANIFEST = "bundle.json"
CLASSIFIER_FILE = "alexnet.safetensors"
FORMAT = 1
# Background and two bones.
CLASSES = 3
NOTICE = "Research use only. Not a medical device; no clinical accuracy is claimed."


@dataclass(frozen=True)
class Bundle:
    """A verified bundle, loaded.

    Attributes:
        unets: the three U-Nets.
        classifier: the AlexNet, or None where the bundle has none.
        band_mm: width of the edge band the bundle was made for.
        pixel_mm: in-plane pixel size the AlexNet was trained at.
        digest: sha256 of the manifest, which holds the sha256 of every other file.
    """

    unets: UNetSet
    classifier: PatchAlexNet | None
    band_mm: float
    pixel_mm: float
    digest: str


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file as hexadecimal text."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _visible(folder: Path) -> list[Path]:
    """The files of a bundle; file managers and network drives leave hidden ones behind."""
    return [path for path in folder.iterdir() if not path.name.startswith(".")]


def write_manifest(
    folder: Path,
    *,
    folds: list[str],
    mirroring_axes: tuple[int, ...] | None,
    refiner: Mapping[str, Any] | None,
) -> None:
    """Describes the files of a new bundle.

    Args:
        folder: the bundle; every file in it is listed.
        folds: folds that each U-Net has weights for.
        mirroring_axes: in-plane axes that test-time mirroring may use.
        refiner: what `train-refiner` wrote about the AlexNet, or None without one.
    """
    manifest = {
        "format": FORMAT,
        "notice": NOTICE,
        "made_with": {name: version(name) for name in ("shoulderseg", "nnunetv2", "torch")},
        "folds": folds,
        "mirroring_axes": None if mirroring_axes is None else list(mirroring_axes),
        "refiner": refiner,
        "files": {path.name: sha256_of(path) for path in sorted(_visible(folder))},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")


def read_bundle(folder: Path) -> Bundle:
    """Verifies and loads a bundle. No pickle is read.

    Raises:
        ValueError: if a file is missing, changed, or not what its name says; names it.
    """
    from shoulderseg.nnunet_ext.bundle import read_tensors, read_unets
    from shoulderseg.refine.network import AlexNetConfig, load_alexnet

    manifest = _read_manifest(folder)
    _verify_files(folder, manifest["files"])
    axes = manifest["mirroring_axes"]
    unets = read_unets(folder, manifest["folds"], None if axes is None else tuple(axes))
    refiner = manifest["refiner"]
    classifier = None
    if refiner is not None:
        config = AlexNetConfig.from_dict(refiner["network"])
        classifier = load_alexnet(config, read_tensors(folder / CLASSIFIER_FILE))
    return Bundle(
        unets=unets,
        classifier=classifier,
        band_mm=0.0 if refiner is None else float(refiner["band_mm"]),
        pixel_mm=0.0 if refiner is None else float(refiner["pixel_mm"]),
        digest=sha256_of(folder / MANIFEST),
    )


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        msg = f"{folder} is not a bundle: it has no {MANIFEST}; make one with `shoulderseg export`"
        raise FileNotFoundError(msg)
    try:
        manifest = json.loads(path.read_text())
        if manifest["format"] != FORMAT:
            msg = f"{MANIFEST} has format {manifest['format']!r}; this version reads {FORMAT}"
            raise ValueError(msg)
        folds, axes, refiner = (manifest[key] for key in ("folds", "mirroring_axes", "refiner"))
        sound = (
            isinstance(manifest["files"], dict)
            and isinstance(folds, list)
            and all(isinstance(fold, str) and fold.isalnum() for fold in folds)
            and (axes is None or all(isinstance(axis, int) for axis in axes))
            and (refiner is None or _is_sound(refiner))
        )
    except (KeyError, TypeError, json.JSONDecodeError, UnicodeDecodeError) as error:
        msg = f"{MANIFEST} of {folder.name} is damaged: {error!r}; copy the bundle again"
        raise ValueError(msg) from error
    if not sound:
        msg = f"{MANIFEST} of {folder.name} is damaged; copy the bundle again"
        raise ValueError(msg)
    result: dict[str, Any] = manifest
    return result


def _is_sound(refiner: Any) -> bool:  # noqa: ANN401  (whatever a JSON file may hold)
    """Whether the description of the AlexNet has its entries, in the right types."""
    return (
        isinstance(refiner, dict)
        and isinstance(refiner.get("network"), dict)
        and refiner["network"].get("classes") == CLASSES
        and all(
            isinstance(refiner.get(length), int | float) and math.isfinite(refiner[length])
            for length in ("band_mm", "pixel_mm")
        )
    )


def _verify_files(folder: Path, files: Mapping[str, str]) -> None:
    present = {path.name for path in _visible(folder) if path.name != MANIFEST}
    if present != set(files):
        msg = (
            f"bundle {folder.name} should hold {sorted(files)} beside {MANIFEST}, "
            f"found {sorted(present)}; copy it again"
        )
        raise ValueError(msg)
    for name, expected in files.items():
        path = folder / name
        if not path.is_file() or sha256_of(path) != expected:
            msg = f"{name} of bundle {folder.name} is not the file that was exported; copy it again"
            raise ValueError(msg)
