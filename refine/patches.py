"""Square patches around voxels, gathered where the image lies."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


def as_image_tensor(
    image: NDArray[np.floating[Any]] | torch.Tensor, device: torch.device | str
) -> torch.Tensor:
    """Put an image on a device as float32; no copy where none is needed.

    Args:
        image: (Z, Y, X) floating point.
        device: where it goes.

    Returns:
        float32 (Z, Y, X) on `device`.

    Raises:
        ValueError: not three axes.
    """
    if image.ndim != 3:
        msg = f"image has shape {tuple(image.shape)}, expected (Z, Y, X)"
        raise ValueError(msg)
    if isinstance(image, np.ndarray):
        # torch takes neither negative strides nor read-only memory.
        image = np.require(image, np.float32, ["C", "W"])
        return torch.from_numpy(image).to(device)
    return image.to(device=device, dtype=torch.float32)


def gather_patches(image: torch.Tensor, centres: torch.Tensor, size: int) -> torch.Tensor:
    """Cut the in-slice patches around N voxels.

    The patch of centre (z, y, x) covers rows y - size // 2 to y - size // 2 + size - 1 of slice z,
    and columns likewise. Beyond the border the nearest edge pixel repeats, exactly as if each slice
    (or, which is the same, the whole volume in plane) had been padded once by edge replication.

    Args:
        image: (Z, Y, X); slices may be smaller than the patch.
        centres: int64 (N, 3) voxel indices (z, y, x).
        size: patch side in pixels, at least 1.

    Returns:
        (N, 1, size, size), dtype and device of the image; N = 0 gives an empty tensor.

    Raises:
        IndexError: a centre lies outside the image.
        ValueError: wrong shapes, dtype of the centres, or size.
    """
    if image.ndim != 3 or centres.ndim != 2 or centres.shape[1] != 3 or size < 1:
        msg = (
            f"found image {tuple(image.shape)}, centres {tuple(centres.shape)} and size {size}; "
            "expected (Z, Y, X), (N, 3) and at least 1"
        )
        raise ValueError(msg)
    if centres.dtype != torch.int64:
        msg = f"centres hold {centres.dtype}, expected int64 voxel indices"
        raise ValueError(msg)
    if len(centres) == 0:
        return image.new_empty((0, 1, size, size))
    centres = centres.to(image.device)
    shape = torch.tensor(image.shape, device=image.device)
    outside = ((centres < 0) | (centres >= shape)).any(dim=1)
    if bool(outside.any()):
        first = tuple(centres[outside][0].tolist())
        msg = f"patch centre {first} lies outside the image of shape {tuple(image.shape)}"
        raise IndexError(msg)
    offsets = torch.arange(size, device=image.device) - size // 2
    rows = (centres[:, 1, None] + offsets).clamp_(0, image.shape[1] - 1)
    columns = (centres[:, 2, None] + offsets).clamp_(0, image.shape[2] - 1)
    patches = image[centres[:, 0, None, None], rows[:, :, None], columns[:, None, :]]
    return patches[:, None]
