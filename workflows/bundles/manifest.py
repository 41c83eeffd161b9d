"""The description of a bundle: its files with fingerprints, and what it says of its models."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

MANIFEST = "bundle.json"
MANIFEST_PART = ".bundle.json.part"
FORMAT = 2
# Background and two bones.
CLASSES = 3
VOTES = 3
_MOST_MM = 1000
# nnU-Net makes five folds called by a digit, or one called `all`, of images in three axes.
_MOST_FOLDS, _MOST_LETTERS, _MOST_AXES = 100, 16, 3
NOTICE = "Research use only. Not a medical device; no clinical accuracy is claimed."


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file as hexadecimal text."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def visible_files(folder: Path) -> list[Path]:
    """The files of a bundle; file managers and network drives leave hidden ones behind."""
    return [path for path in folder.iterdir() if not path.name.startswith(".")]


def write_manifest(
    folder: Path,
    *,
    folds: list[str],
    mirroring_axes: tuple[int, ...] | None,
    refiner: Mapping[str, Any] | None,
    upright: bool = False,
    one_piece: Sequence[str] = (),
    crop: bool = False,
    one_network: bool = False,
    three_planes: bool = False,
) -> None:
    """Describes the files of a new bundle.

    Args:
        folder: the bundle; every file in it is listed.
        folds: folds that each U-Net has weights for.
        mirroring_axes: in-plane axes that test-time mirroring may use.
        refiner: what `train-refiner` wrote about the edge refiner, or None without one.
        upright: whether all training slices stood as scanners store them.
        one_piece: names of the bones of which only one piece counts.
        crop: whether the U-Nets are to see the surroundings of the bones alone.
        one_network: whether one network of three classes gave the U-Nets, of which there are two.
        three_planes: whether the U-Nets learned from slices of all planes.
    """
    manifest = {
        "format": FORMAT,
        "notice": NOTICE,
        "made_with": {name: version(name) for name in ("shoulderseg", "nnunetv2", "torch")},
        "folds": folds,
        "mirroring_axes": None if mirroring_axes is None else list(mirroring_axes),
        "refiner": refiner,
        "upright": upright,
        "one_piece": list(one_piece),
        "crop": crop,
        # Unsaid where it is not so: the manifests of all other bundles stay as they were.
        **({"one_network": True} if one_network else {}),
        **({"three_planes": True} if three_planes else {}),
        "files": {path.name: sha256_of(path) for path in sorted(visible_files(folder))},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")


def verified_manifest(folder: Path) -> dict[str, Any]:
    """The description of a bundle whose files have their fingerprints; loads no torch.

    A `put_file` that was stopped between its two renames is brought to its end.

    Raises:
        FileNotFoundError: if the folder has no manifest.
        ValueError: if the manifest is damaged, or a file is missing, changed or not listed.
    """
    manifest = _read_manifest(folder)
    try:
        _verify_files(folder, manifest["files"])
    except ValueError:
        finished = _finish_put(folder)
        if finished is None:
            raise
        return finished
    return manifest


def _finish_put(folder: Path) -> dict[str, Any] | None:
    """Puts a manifest into place that fits the files and only lacks its renaming."""
    try:
        manifest = _read_manifest(folder, MANIFEST_PART)
        _verify_files(folder, manifest["files"])
    except (ValueError, OSError):
        return None
    (folder / MANIFEST_PART).replace(folder / MANIFEST)
    return manifest


def put_file(folder: Path, name: str, write: Callable[[Path], None]) -> None:
    """Puts a file into a bundle, or replaces it, and renews its fingerprint.

    Args:
        folder: a bundle that `read_bundle` accepts.
        name: of the file.
        write: writes the file to a path.
    """
    from shoulderseg.datasets.output_file import replaced_file, write_text

    # Hidden files are no part of a bundle, so that an interruption leaves it as it was.
    part, manifest_part = folder / f".{name}.part", folder / MANIFEST_PART
    with replaced_file(part) as made:
        write(made)
    manifest = _read_manifest(folder)
    manifest["files"] = dict(sorted({**manifest["files"], name: sha256_of(part)}.items()))
    write_text(manifest_part, json.dumps(manifest, indent=2) + "\n")
    # In this order: `verified_manifest` makes up for a stop between the two.
    part.replace(folder / name)
    manifest_part.replace(folder / MANIFEST)


def drop_file(folder: Path, name: str) -> None:
    """Takes a file out of a bundle, if it is there; the bundle is sound at every moment.

    Args:
        folder: a bundle that `read_bundle` accepts.
        name: of the file.
    """
    from shoulderseg.datasets.output_file import write_text

    manifest = _read_manifest(folder)
    if name not in manifest["files"]:
        return
    del manifest["files"][name]
    manifest_part, removed = folder / MANIFEST_PART, folder / f".{name}.part"
    write_text(manifest_part, json.dumps(manifest, indent=2) + "\n")
    # In this order: `verified_manifest` makes up for a stop between the two.
    (folder / name).replace(removed)
    manifest_part.replace(folder / MANIFEST)
    removed.unlink()


def _read_manifest(folder: Path, name: str = MANIFEST) -> dict[str, Any]:
    path = folder / name
    if not path.is_file():
        msg = f"{folder} is not a bundle: it has no {MANIFEST}; make one with `shoulderseg export`"
        raise FileNotFoundError(msg)
    try:
        manifest = json.loads(path.read_text())
        if manifest["format"] != FORMAT:
            msg = (
                f"{MANIFEST} of {folder.name} has format {manifest['format']!r}, this version "
                f"reads {FORMAT}; export the bundle again"
            )
            raise ValueError(msg)
        folds, axes, refiner = (manifest[key] for key in ("folds", "mirroring_axes", "refiner"))
        sound = (
            isinstance(manifest["files"], dict)
            and _are_folds(folds)
            and (axes is None or (len(axes) <= _MOST_AXES and all(type(a) is int for a in axes)))
            and (refiner is None or is_sound_refiner(refiner))
            and isinstance(manifest.get("upright", False), bool)
            and isinstance(manifest.get("crop", False), bool)
            and isinstance(manifest.get("one_network", False), bool)
            and isinstance(manifest.get("three_planes", False), bool)
            and _are_bones(manifest.get("one_piece", []))
        )
    except (
        KeyError,
        TypeError,
        json.JSONDecodeError,
        UnicodeDecodeError,
        RecursionError,
    ) as error:
        msg = f"{MANIFEST} of {folder.name} is damaged: {error!r}; copy the bundle again"
        raise ValueError(msg) from error
    if not sound:
        msg = f"{MANIFEST} of {folder.name} is damaged; copy the bundle again"
        raise ValueError(msg)
    result: dict[str, Any] = manifest
    return result


def _are_folds(folds: Any) -> bool:  # noqa: ANN401  (whatever a JSON file may hold)
    """Whether something is a list of folds, which become part of file names; each is read once."""
    return (
        isinstance(folds, list)
        and len(folds) <= _MOST_FOLDS
        and all(isinstance(f, str) and f.isalnum() and len(f) <= _MOST_LETTERS for f in folds)
        and len(set(folds)) == len(folds)
    )


def _are_bones(names: Any) -> bool:  # noqa: ANN401
    from shoulderseg.nnunet_ext.variants import FIRST, SECOND

    return (
        isinstance(names, list)
        and len(names) <= VOTES
        and all(name in (FIRST, SECOND) for name in names)
    )


def is_sound_refiner(refiner: Any) -> bool:  # noqa: ANN401
    """Whether the description of the edge refiner has its entries, in the right types."""
    return (
        isinstance(refiner, dict)
        and isinstance(refiner.get("network"), dict)
        and refiner["network"].get("classes") == CLASSES
        # The U-Nets give three votes, all of which the AlexNet sees or none.
        and refiner["network"].get("votes") in (0, VOTES)
        and _is_length(refiner.get("pixel_mm"))
        and refiner["pixel_mm"] > 0
        and bool(refiner.get("folds"))
        and _are_folds(refiner["folds"])
        and isinstance(refiner.get("helps"), bool)
        and isinstance(refiner.get("rule"), dict)
        and set(refiner["rule"]) == {"band_mm", "trust", "uncertain_only"}
        and all(_is_length(refiner["rule"][name]) for name in ("band_mm", "trust"))
        and isinstance(refiner["rule"]["uncertain_only"], bool)
    )


def _is_length(value: Any) -> bool:  # noqa: ANN401
    # NaN fails every comparison; an integer too large for a float does not fail this one.
    return type(value) in (int, float) and 0 <= value < _MOST_MM


def _verify_files(folder: Path, files: Mapping[str, str]) -> None:
    present = {path.name for path in visible_files(folder) if path.name != MANIFEST}
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
