"""What a scanner makes of a slice's signal: coil, bias, pixels, noise, zero filling, gamma."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from shoulderseg.nnunet_ext.synthesis.draws import (
    chance,
    device_generator,
    log_uniform,
    normal,
    smooth_field,
    uniform,
)
from shoulderseg.nnunet_ext.synthesis.pixels import average_matrix, band_matrix, resample_matrix
from shoulderseg.nnunet_ext.synthesis.variation import FieldOfViewVariation, ScannerVariation

_BIAS_NODES = 4
# Noise is measured against what is nearly the brightest.
_BRIGHT = 0.99
_LEAST_PIXELS = 24


def receive(
    signal: Tensor,
    spacing_mm: tuple[float, float],
    view: FieldOfViewVariation,
    variation: ScannerVariation,
    generator: torch.Generator,
) -> Tensor:
    """Multiplies a signal with the sensitivity of its coils.

    Args:
        signal: Shape (rows, columns).
        spacing_mm: From row to row, from column to column.
        view: How often a surface coil fades, and over what distance.
        variation: How often there is a smooth bias, and how strong.
        generator: On the CPU.

    Returns:
        Shape (rows, columns).
    """
    rows, columns = signal.shape
    if chance(variation.bias_share, generator):
        field = smooth_field(
            (rows, columns), _BIAS_NODES, device_generator(signal.device, generator)
        )
        signal = signal * torch.exp(uniform(0, variation.bias, generator) * field)
    if chance(view.coil_share, generator):
        # From within the patch to well beyond its edge.
        place = [uniform(-0.6, 1.6, generator) * count for count in (rows, columns)]
        reach = uniform(*view.coil_reach_mm, generator)
        down, along = (
            ((torch.arange(count, device=signal.device) - middle) * step / reach) ** 2
            for count, middle, step in zip((rows, columns), place, spacing_mm, strict=True)
        )
        signal = signal / (1 + down[:, None] + along[None, :])
    return signal


def record(
    signal: Tensor,
    spacing_mm: tuple[float, float],
    variation: ScannerVariation,
    generator: torch.Generator,
) -> Tensor:
    """Records a signal with the scanner's own pixels and noise, resampled to the patch's.

    Args:
        signal: Shape (rows, columns), at least 0.
        spacing_mm: From row to row, from column to column.
        variation: How pixels, noise and zero filling vary.
        generator: On the CPU.

    Returns:
        The magnitude image, shape (rows, columns), at least 0.
    """
    device = signal.device
    pixels = _pixels(tuple(signal.shape), spacing_mm, variation, generator)
    down, along = (
        average_matrix(count, number, device)
        for count, number in zip(signal.shape, pixels, strict=True)
    )
    channels = torch.stack([signal, torch.zeros_like(signal)])
    channels = down @ channels @ along.T
    if chance(variation.noise_share, generator):
        bright = torch.quantile(channels[0].reshape(-1)[::7], _BRIGHT)
        # Most scans are clean; low field is not.
        deviation = variation.noise * uniform(0, 1, generator) ** 1.5 * bright
        noise = torch.randn(
            channels.shape, generator=device_generator(device, generator), device=device
        )
        channels = channels + deviation * noise
    if chance(variation.filled_share, generator):
        taper = uniform(0, 1, generator)
        down, along = (
            band_matrix(number, uniform(*variation.filled_from, generator), taper, device)
            for number in pixels
        )
        channels = down @ channels @ along.T
    # Several times as fast as a norm over an axis of two.
    image = torch.hypot(channels[0], channels[1])
    down, along = (
        resample_matrix(number, count, device)
        for number, count in zip(pixels, signal.shape, strict=True)
    )
    image = (down @ image @ along.T).clamp_min(0)
    if chance(variation.gamma_share, generator):
        brightest = image.max().clamp_min(1e-6)
        image = (image / brightest) ** math.exp(normal(0, variation.gamma, generator))
    return image


def _pixels(
    shape: tuple[int, ...],
    spacing_mm: tuple[float, float],
    variation: ScannerVariation,
    generator: torch.Generator,
) -> tuple[int, int]:
    """How many of the scanner's pixels lie along the patch; finer ones are its own."""
    usual = chance(variation.usual_share, generator)
    size = log_uniform(*(variation.usual_mm if usual else variation.pixel_mm), generator)
    # Half of all scans have square pixels.
    ratio = 1.0
    if chance(0.5, generator):
        ratio = log_uniform(1, variation.pixel_stretch, generator)
    sizes = (size * ratio, size) if chance(0.5, generator) else (size, size * ratio)
    rows, columns = (
        min(count, max(_LEAST_PIXELS, round(count * step / max(step, pixel))))
        for count, step, pixel in zip(shape, spacing_mm, sizes, strict=True)
    )
    return rows, columns
