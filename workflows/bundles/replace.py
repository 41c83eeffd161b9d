"""Puts a finished bundle where another one stands, so that one of the two is always there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shoulderseg.workflows.bundles.manifest import MANIFEST, verified_manifest
from shoulderseg.workflows.bundles.quality_file import QUALITY_FILE


def atomic_replace(folder: Path, target: Path) -> None:
    """Renames a bundle, and whatever stands in its place into the bundle's parent folder.

    Args:
        folder: the finished bundle, on the file system of the target; its parent is the caller's
            to remove, with what was replaced.
        target: where it goes.

    Raises:
        OSError: if it cannot be moved; the target is then as it was.
    """
    if not target.exists():
        folder.rename(target)
        return
    replaced = folder.with_name(".replaced")
    try:
        target.rename(replaced)
        folder.rename(target)
    # An interruption too must not leave the only copy in a folder that is about to be removed.
    except BaseException:
        if replaced.exists() and not target.exists():
            replaced.rename(target)
        raise


def refuse_foreign(bundle: Path) -> None:
    """Refuses to let a folder be replaced that holds more than a bundle.

    Args:
        bundle: folder of a bundle of any version.

    Raises:
        ValueError: if its manifest does not tell which files are its own, or others lie there.
    """
    try:
        listed = {MANIFEST, *json.loads((bundle / MANIFEST).read_text())["files"]}
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        msg = (
            f"{MANIFEST} of {bundle} is damaged, so that nothing tells which files there belong "
            "to the bundle; it is not replaced; remove it by hand or choose another folder"
        )
        raise ValueError(msg) from error
    # Hidden files are what file managers leave behind; a hidden folder may be anything.
    foreign = sorted(
        path.name
        for path in bundle.iterdir()
        if path.name not in listed and (path.is_dir() or not path.name.startswith("."))
    )
    if foreign:
        msg = (
            f"{bundle} holds {', '.join(foreign)}, not listed in {MANIFEST}; it is not replaced; "
            "move these away or choose another folder"
        )
        raise ValueError(msg)


def has_calibration(bundle: Path) -> bool:
    """Whether a folder that `refuse_foreign` let pass has a calibration to lose."""
    return (bundle / QUALITY_FILE).is_file()


def is_current(bundle: Path, made: Path) -> bool:
    """Whether a sound bundle is the same as one just made, but for a calibration.

    Args:
        bundle: the one in place.
        made: a sound one.
    """
    try:
        kept = verified_manifest(bundle)
    except (ValueError, OSError):
        return False
    return _without_calibration(kept) == _without_calibration(verified_manifest(made))


def _without_calibration(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What a training decides; versions of libraries that wrote the same files do not matter."""
    files = {k: digest for k, digest in manifest["files"].items() if k not in _calibrated()}
    refiner = manifest.get("refiner")
    # How a rule was found is told in other words by other versions, and how weights were by other
    # machines; the rule is what counts, and the weights' own files.
    if refiner is not None:
        told = ("cross_validation", "training")
        refiner = {key: value for key, value in refiner.items() if key not in told}
    return {**manifest, "files": files, "made_with": None, "refiner": refiner}


def _calibrated() -> tuple[str, str]:
    """The files that `calibrate` adds to a bundle."""
    from shoulderseg.nnunet_ext.ranges_file import RANGES_FILE

    return QUALITY_FILE, RANGES_FILE
