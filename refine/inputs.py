"""What the classifier sees of a case: image slices, neighbouring slices, the voters' opinion."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray


class PatchInputs(NamedTuple):
    """The volumes that patches are cut from; no volume is copied per slice or per channel.

    The channels of a voxel's patch are, in this order, its slice of the image with `neighbours`
    slices before and after it (beyond the first and last slice the outermost one repeats), then
    its slice of each of the votes.

    Attributes:
        image: float32 (Z, Y, X), normalised.
        votes: float32 (V, Z, Y, X), probabilities of the voters; V may be 0.
        neighbours: How many slices on either side are channels too, at least 0.
    """

    image: torch.Tensor
    votes: torch.Tensor
    neighbours: int

    @property
    def channels(self) -> int:
        """Number of channels of a patch."""
        return 1 + 2 * self.neighbours + len(self.votes)


def patch_inputs(
    image: NDArray[np.floating[Any]] | torch.Tensor,
    device: torch.device | str,
    *,
    votes: NDArray[np.floating[Any]] | torch.Tensor | None = None,
    neighbours: int = 0,
) -> PatchInputs:
    """Puts a case on a device as float32, once; no copy where none is needed.

    Args:
        image: (Z, Y, X) floating point.
        device: Where it goes.
        votes: (V, Z, Y, X) floating point, or None for no vote channels.
        neighbours: Slices on either side that are channels too.

    Returns:
        The inputs on `device`.

    Raises:
        ValueError: Shapes do not fit, or `neighbours` is negative.
    """
    if image.ndim != 3:
        msg = f"image has shape {tuple(image.shape)}, expected (Z, Y, X)"
        raise ValueError(msg)
    if votes is not None and (votes.ndim != 4 or tuple(votes.shape[1:]) != tuple(image.shape)):
        msg = f"votes have shape {tuple(votes.shape)}, expected (V, *{tuple(image.shape)})"
        raise ValueError(msg)
    if neighbours < 0:
        msg = f"neighbours is {neighbours}, expected at least 0"
        raise ValueError(msg)
    volume = _on_device(image, device)
    opinions = volume.new_empty((0, *volume.shape)) if votes is None else _on_device(votes, device)
    return PatchInputs(volume, opinions, neighbours)


def slice_channels(inputs: PatchInputs, slices: torch.Tensor) -> torch.Tensor:
    """Returns the channels of whole slices.

    Args:
        inputs: The case.
        slices: int64 (N,) indices along Z.

    Returns:
        float32 (N, C, Y, X).
    """
    image = inputs.image[_neighbourhood(inputs, slices)]
    if not len(inputs.votes):
        return image
    return torch.cat([image, inputs.votes[:, slices].transpose(0, 1)], dim=1)


def gather_patches(inputs: PatchInputs, centres: torch.Tensor, size: int) -> torch.Tensor:
    """Cuts the in-slice patches around N voxels.

    The patch of centre (z, y, x) covers rows y - size // 2 to y - size // 2 + size - 1 of its
    channels' slices, and columns likewise. Beyond the border the nearest edge pixel repeats,
    exactly as if each slice had been padded once by edge replication.

    Args:
        inputs: The case; slices may be smaller than the patch.
        centres: int64 (N, 3) voxel indices (z, y, x).
        size: Patch side in pixels, at least 1.

    Returns:
        float32 (N, C, size, size) on the device of the inputs; N = 0 gives an empty tensor.

    Raises:
        IndexError: A centre lies outside the image.
        ValueError: Wrong shape or dtype of the centres, or wrong size.
    """
    image = inputs.image
    check_centres(centres, image)
    if size < 1:
        msg = f"size is {size}, expected at least 1"
        raise ValueError(msg)
    if len(centres) == 0:
        return image.new_empty((0, inputs.channels, size, size))
    centres = centres.to(image.device)
    offsets = torch.arange(size, device=image.device) - size // 2
    rows = (centres[:, 1, None] + offsets).clamp_(0, image.shape[1] - 1)[:, None, :, None]
    columns = (centres[:, 2, None] + offsets).clamp_(0, image.shape[2] - 1)[:, None, None, :]
    z = centres[:, 0]
    patches = image[_neighbourhood(inputs, z)[:, :, None, None], rows, columns]
    if not len(inputs.votes):
        return patches
    voter = torch.arange(len(inputs.votes), device=image.device)[None, :, None, None]
    votes = inputs.votes[voter, z[:, None, None, None], rows, columns]
    return torch.cat([patches, votes], dim=1)


def check_centres(centres: torch.Tensor, image: torch.Tensor) -> None:
    """Refuses centres that are no voxel indices of an image.

    Args:
        centres: Should be int64 (N, 3), inside the image.
        image: (Z, Y, X).

    Raises:
        IndexError: A centre lies outside the image.
        ValueError: Wrong shape or dtype.
    """
    if centres.ndim != 2 or centres.shape[1] != 3 or centres.dtype != torch.int64:
        msg = f"centres are {centres.dtype} {tuple(centres.shape)}, expected int64 (N, 3)"
        raise ValueError(msg)
    shape = torch.tensor(image.shape, device=centres.device)
    outside = ((centres < 0) | (centres >= shape)).any(dim=1)
    if bool(outside.any()):
        first = tuple(centres[outside][0].tolist())
        msg = f"patch centre {first} lies outside the image of shape {tuple(image.shape)}"
        raise IndexError(msg)


def _neighbourhood(inputs: PatchInputs, slices: torch.Tensor) -> torch.Tensor:
    """Slice indices (N, 2 * neighbours + 1) of the image channels."""
    steps = torch.arange(-inputs.neighbours, inputs.neighbours + 1, device=slices.device)
    return (slices[:, None] + steps).clamp_(0, inputs.image.shape[0] - 1)


def _on_device(
    array: NDArray[np.floating[Any]] | torch.Tensor, device: torch.device | str
) -> torch.Tensor:
    if isinstance(array, np.ndarray):
        # torch takes neither negative strides nor read-only memory.
        array = torch.from_numpy(np.require(array, np.float32, ["C", "W"]))
    return array.to(device=device, dtype=torch.float32)
