"""Lets a bundle be computed in eight bits, which is faster on CPUs that can do that."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.engines.network import FloatArray
    from shoulderseg.nnunet_ext.unet_set import UNetSet

_LOGGER = logging.getLogger(__name__)
# Every second of them is for the check.
_MOST_IMAGES = 24
# About three times what bfloat16 changes.
_MOST_CHANGED = 0.01


class Int8Report(NamedTuple):
    """What came of it.

    Attributes:
        changed: share of the mask pixels of single networks that eight bits change, on images
            that the ranges were not measured on; None where it was not tried.
        refused: why the bundle is left without; None where it may now be computed in int8.
    """

    changed: float | None
    refused: str | None


def allow_int8(folder: Path, images: Path) -> Int8Report:
    """Measures which values the activations of a bundle's networks take, and keeps them in it.

    Images that cannot be read are passed over.

    Args:
        folder: of the bundle.
        images: folder of images, of which 24 are used at most: half to measure, half to check.

    Raises:
        ValueError: if the bundle is damaged.
        OSError: if it cannot be written.
    """
    from shoulderseg.nnunet_ext.quantise import changed_share, with_ranges
    from shoulderseg.nnunet_ext.ranges_file import RANGES_FILE, write_ranges
    from shoulderseg.workflows.bundles.bundle import read_bundle
    from shoulderseg.workflows.bundles.manifest import put_file

    unets = read_bundle(folder).unets
    seen = _slices(unets, images)
    measured, checked = seen[::2], seen[1::2]
    if not checked:
        return Int8Report(None, f"int8 needs two images at least, {len(seen)} can be used")
    try:
        quantised = with_ranges(unets, measured)
    except ValueError as error:
        return Int8Report(None, f"int8 is left out: {error}")
    changed = changed_share(quantised, checked)
    if changed > _MOST_CHANGED:
        return Int8Report(changed, "int8 changes too much of the masks and is left out")
    put_file(folder, RANGES_FILE, lambda path: write_ranges(path, quantised.ranges))
    return Int8Report(changed, None)


def describe_int8(report: Int8Report) -> str:
    """One line for the terminal."""
    if report.changed is None:
        return str(report.refused)
    share = f"{100 * report.changed:.2f} % of a network's mask"
    if report.refused is not None:
        return f"{report.refused}: {share}, expected at most {100 * _MOST_CHANGED:g} %"
    return f"int8 changes {share} and may be used"


def _slices(unets: UNetSet, images: Path) -> list[FloatArray]:
    """Middle slices of images evenly spread over a folder."""
    from shoulderseg.datasets.files import find_volumes
    from shoulderseg.datasets.orientation import find_reorientation, reorient
    from shoulderseg.datasets.reader import read_image
    from shoulderseg.nnunet_ext.quantise import middle_of_case

    found = []
    for path in _spread(find_volumes(images)):
        try:
            volume = read_image(path)
            upright = reorient(volume, find_reorientation(volume))
            few = middle_of_case(unets, upright.array, upright.spacing_mm)
        except (ValueError, OSError, RuntimeError) as error:
            _LOGGER.debug("%s is passed over: %s", path.name, error)
            continue
        found += [few] if few.size else []
    return found


def _spread(paths: Sequence[Path]) -> list[Path]:
    step = max(1, -(-len(paths) // _MOST_IMAGES))
    return list(paths[::step])
