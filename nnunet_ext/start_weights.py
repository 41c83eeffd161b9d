"""Which files of a bundle a training starts from."""

from __future__ import annotations

from pathlib import Path

from shoulderseg.nnunet_ext.bundle import weights_file
from shoulderseg.nnunet_ext.variants import SHARED, SHARED_OUTPUTS


def start_weights(folder: Path, variant: str, fold: str) -> list[Path]:
    """Finds the weights that a U-Net starts from.

    Args:
        folder: Of the bundle.
        variant: Which U-Net; the shared one takes those of all its outputs.
        fold: The weights of this fold are taken, or those of the only one there is.

    Returns:
        A file an output.

    Raises:
        FileNotFoundError: If the bundle has none for this U-Net and fold.
    """
    outputs = SHARED_OUTPUTS if variant == SHARED else (variant,)
    return [_weights_path(folder, output, fold) for output in outputs]


def _weights_path(folder: Path, variant: str, fold: str) -> Path:
    path = folder / weights_file(variant, fold)
    if path.is_file():
        return path
    others = sorted(folder.glob(weights_file(variant, "*")))
    if len(others) != 1:
        found = ", ".join(other.name for other in others) or "none"
        msg = (
            f"{folder} should hold {path.name}, or weights of one fold alone, found {found}; give "
            "the folder of a bundle"
        )
        raise FileNotFoundError(msg)
    return others[0]
