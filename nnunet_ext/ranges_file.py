"""`int8.safetensors` of a bundle: which values the activations of its networks take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.nnunet_ext.plain_unet import is_plain_unet, range_shapes
from shoulderseg.nnunet_ext.unet_set import PARTS, UntrustedModelError

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.engines.quantisation import FloatArray, Ranges

RANGES_FILE = "int8.safetensors"
# Normalised activations stay far below; what is larger would make all others one step of a byte.
_MOST = 1e6
_ADVICE = "get the bundle from where it was made"


def write_ranges(path: Path, ranges: Mapping[str, Mapping[str, Ranges]]) -> None:
    """Writes the ranges of each U-Net and fold."""
    from safetensors.numpy import save_file

    tensors = {
        f"{variant}/{fold}/{layer}": np.ascontiguousarray(limits, np.float32)
        for variant, folds in ranges.items()
        for fold, layers in folds.items()
        for layer, limits in layers.items()
    }
    save_file(tensors, path)


def read_ranges(
    path: Path,
    plans: Mapping[str, Any],
    folds: Sequence[str],
    variants: Sequence[str] = tuple(PARTS),
) -> dict[str, dict[str, Ranges]]:
    """Reads what `write_ranges` wrote; the file may come from anywhere.

    Args:
        path: The file.
        plans: Of the networks, checked.
        folds: Of each U-Net.
        variants: Which U-Nets there are.

    Raises:
        UntrustedModelError: If it is not in safetensors format, or does not hold the ranges of
            these networks and nothing else.
    """
    from safetensors.numpy import load_file

    shapes_there, count = _stored_shapes(path)
    shapes = range_shapes(plans) if is_plain_unet(plans) else {}
    expected = {
        f"{variant}/{fold}/{layer}": shape
        for variant in variants
        for fold in folds
        for layer, shape in shapes.items()
    }
    if shapes_there != expected or count != len(expected):
        msg = f"{path.name}: does not hold the ranges of this bundle's networks; {_ADVICE}"
        raise UntrustedModelError(msg)
    stored = load_file(path)
    if not all(_are_sound(limits) for limits in stored.values()):
        msg = f"{path.name}: holds a range that is none; {_ADVICE}"
        raise UntrustedModelError(msg)
    return {
        variant: {
            fold: {layer: stored[f"{variant}/{fold}/{layer}"] for layer in shapes} for fold in folds
        }
        for variant in variants
    }


def _stored_shapes(path: Path) -> tuple[dict[str, tuple[int, ...]], int]:
    """The shapes of a file's float32 tensors, and how many tensors it has of any type."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as opened:
            shapes = {
                name: tuple(opened.get_slice(name).get_shape())
                for name in opened.keys()  # noqa: SIM118
                if opened.get_slice(name).get_dtype() == "F32"
            }
            return shapes, len(opened.keys())
    except (SafetensorError, OSError) as error:
        msg = f"{path.name}: not a readable safetensors file: {error}"
        raise UntrustedModelError(msg) from error


def _are_sound(limits: FloatArray) -> bool:
    """Whether these are least and greatest values that eight bits can be laid over."""
    return bool((np.abs(limits) < _MOST).all()) and bool((limits[0] <= limits[1]).all())
