"""Matrices that average, band-limit and resample an image along one of its axes.

An image seen through a scanner's pixels is `A @ image @ B.T`, for any size of the pixels and on
any device, without loops.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

# Sharpness of the cubic convolution kernel (Keys, IEEE Trans Acoust 1981;29:1153-1160).
_KEYS = -0.5


def average_matrix(count: int, pixels: int, device: torch.device) -> Tensor:
    """Averages samples over pixels that share an axis evenly.

    Args:
        count: Samples along the axis.
        pixels: Pixels along the same length, at most as many.
        device: Of the result.

    Returns:
        Shape (pixels, count), float32; each row sums to 1.
    """
    if pixels == count:
        return torch.eye(count, device=device)
    width = count / pixels
    starts = torch.arange(pixels, device=device)[:, None] * width
    samples = torch.arange(count, device=device)[None, :]
    shared = torch.minimum(samples + 1, starts + width) - torch.maximum(samples, starts)
    return shared.clamp_min(0) / width


def resample_matrix(pixels: int, count: int, device: torch.device) -> Tensor:
    """Interpolates between pixels with a cubic kernel, as preprocessing does.

    Args:
        pixels: Pixels along an axis.
        count: Samples along the same length.
        device: Of the result.

    Returns:
        Shape (count, pixels), float32; each row sums to 1.
    """
    if pixels == count:
        return torch.eye(count, device=device)
    places = (torch.arange(count, device=device)[:, None] + 0.5) * (pixels / count) - 0.5
    matrix = torch.zeros((count, pixels), device=device)
    first = places.floor()
    for step in (-1, 0, 1, 2):
        node = first + step
        # Beyond the last pixel its value goes on.
        matrix.scatter_add_(1, node.clamp(0, pixels - 1).long(), _keys((places - node).abs()))
    return matrix


def band_matrix(pixels: int, measured: float, taper: float, device: torch.device) -> Tensor:
    """Keeps the low frequencies of an axis: what zero filling of k-space makes of it.

    Args:
        pixels: Along the axis.
        measured: Share of k-space that was measured, above 0 to 1.
        taper: 0 for a sharp end of k-space, which rings; 1 for a Hann window.
        device: Of the result.

    Returns:
        Shape (pixels, pixels), float32, symmetric.
    """
    waves = torch.fft.fftfreq(pixels, device=device) * 2
    reach = (waves.abs() / measured).clamp_max(1)
    window = 1 - taper + taper * torch.cos(math.pi / 2 * reach) ** 2
    window = torch.where(waves.abs() <= measured, window, torch.zeros_like(window))
    kernel: Tensor = torch.fft.ifft(window).real
    numbers = torch.arange(pixels, device=device)
    matrix: Tensor = kernel[(numbers[:, None] - numbers[None, :]) % pixels]
    return matrix


def _keys(distance: Tensor) -> Tensor:
    near = ((_KEYS + 2) * distance - (_KEYS + 3)) * distance * distance + 1
    far = ((_KEYS * distance - 5 * _KEYS) * distance + 8 * _KEYS) * distance - 4 * _KEYS
    return torch.where(distance <= 1, near, torch.where(distance < 2, far, torch.zeros_like(far)))
