"""Whether a bundle's U-Nets may be computed in eight bits, and what that needs."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.engines.network import FloatArray
    from shoulderseg.nnunet_ext.engines.quantisation import Ranges
    from shoulderseg.workflows.bundles.bundle import Bundle

_LOGGER = logging.getLogger(__name__)
# Every second of them is for the check.
_MOST_IMAGES = 24
# Of the mask of a single U-Net, before mirror images and the vote even it out.
_MOST_CHANGED = 0.01


class Int8Report(NamedTuple):
    """What came of it.

    Attributes:
        changed: how much of the mask of the U-Net that they change most eight bits change, on
            images that the ranges were not measured on, as a share; None where it was not tried.
        refused: why the bundle is to do without; None where it may be computed in int8.
        ranges: of the activations of each U-Net and fold; nothing where it is refused.
    """

    changed: float | None
    refused: str | None
    ranges: Mapping[str, Mapping[str, Ranges]]


def measure_int8(bundle: Bundle, images: Path) -> Int8Report:
    """Measures which values the activations of a bundle's networks take.

    Images that cannot be used are passed over.

    Args:
        bundle: loaded; ranges that it has are not looked at.
        images: folder of images, of which 24 are used at most: half to measure, half to check.
    """
    from shoulderseg.nnunet_ext.quantise import changed_share, with_ranges

    seen = _slices(bundle, images)
    measured, checked = seen[::2], seen[1::2]
    if not checked:
        why = f"int8 is left out: it needs two images at least, {len(seen)} can be used"
        return Int8Report(None, why, {})
    try:
        quantised = with_ranges(bundle.unets, measured)
    except ValueError as error:
        return Int8Report(None, f"int8 is left out: {error}", {})
    changed = changed_share(quantised, checked)
    if changed is None:
        return Int8Report(None, "int8 is left out: a U-Net finds no bone in the images", {})
    if changed > _MOST_CHANGED:
        return Int8Report(changed, "int8 changes too much of the masks and is left out", {})
    return Int8Report(changed, None, quantised.ranges)


def keep_int8(folder: Path, ranges: Mapping[str, Mapping[str, Ranges]]) -> None:
    """Puts ranges into a bundle, or takes those out that are there if it has to do without.

    Raises:
        OSError: if the bundle cannot be written.
    """
    from shoulderseg.nnunet_ext.ranges_file import RANGES_FILE, write_ranges
    from shoulderseg.workflows.bundles.manifest import drop_file, put_file

    if ranges:
        put_file(folder, RANGES_FILE, lambda path: write_ranges(path, ranges))
    else:
        drop_file(folder, RANGES_FILE)


def describe_int8(report: Int8Report) -> str:
    """One line for the terminal."""
    if report.changed is None:
        return str(report.refused)
    share = f"{100 * report.changed:.2f} % of a U-Net's mask"
    if report.refused is not None:
        return f"{report.refused}: {share}, expected at most {100 * _MOST_CHANGED:g} %"
    return f"int8 changes {share} and may be used"


def _slices(bundle: Bundle, images: Path) -> list[FloatArray]:
    """Middle slices of images evenly spread over a folder."""
    from shoulderseg.datasets.files import find_volumes, is_segmentation
    from shoulderseg.datasets.orientation import find_reorientation, reorient
    from shoulderseg.datasets.reader import read_image
    from shoulderseg.nnunet_ext.quantise import middle_of_case

    found = []
    for path in _spread([path for path in find_volumes(images) if not is_segmentation(path)]):
        try:
            volume = read_image(path)
            if bundle.upright:
                volume = reorient(volume, find_reorientation(volume))
            few = middle_of_case(bundle.unets, volume.array, volume.spacing_mm)
        except Exception as error:
            # `calibrate_bundle` names it among those that could not be used.
            _LOGGER.debug("%s is passed over: %s", path.name, error, exc_info=True)
            continue
        found += [few] if few.size else []
    return found


def _spread(paths: Sequence[Path]) -> list[Path]:
    step = max(1, -(-len(paths) // _MOST_IMAGES))
    return list(paths[::step])
