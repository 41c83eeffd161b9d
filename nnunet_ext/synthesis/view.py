"""What of a slice is seen: air beyond a line, black margins, ends of the image, foreign shapes."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from shoulderseg.nnunet_ext.synthesis.draws import (
    chance,
    device_generator,
    smooth_field,
    uniform,
    whole,
)
from shoulderseg.nnunet_ext.synthesis.variation import FieldOfViewVariation, ScannerVariation

# How far beyond the patch the edges of a field of view may lie, as a share of its sides.
_BEYOND = 0.3
_MOST_FOREIGN = 3
_FOREIGN_MM = (6.0, 30.0)


def arm_alone(
    shape: tuple[int, int],
    spacing_mm: tuple[float, float],
    variation: FieldOfViewVariation,
    generator: torch.Generator,
    device: torch.device,
) -> tuple[Tensor, Tensor] | None:
    """Draws a line beyond which there is air, in some images.

    Args:
        shape: Rows and columns.
        spacing_mm: From row to row, from column to column.
        variation: How often, and how far from the middle.
        generator: On the CPU.
        device: Of the result.

    Returns:
        Where there still is a body, and where of it a rim of fat is, (rows, columns), bool; None
        where all of it is left as it was.
    """
    if not chance(variation.arm_share, generator):
        return None
    direction = uniform(0, 2 * math.pi, generator)
    rows, columns = _places_mm(shape, spacing_mm, device)
    along = rows[:, None] * math.cos(direction) + columns[None, :] * math.sin(direction)
    # A body's outline is bent.
    bent = smooth_field(shape, 3, device_generator(device, generator))
    depth_mm = uniform(*variation.arm_mm, generator) - along - 5 * bent
    rim_mm = uniform(*variation.rim_mm, generator) if chance(variation.rim_share, generator) else 0
    return depth_mm > 0, (depth_mm > 0) & (depth_mm < rim_mm)


def part_of_patch(
    share: float,
    shape: tuple[int, int],
    spacing_mm: tuple[float, float],
    least_mm: float,
    generator: torch.Generator,
    device: torch.device,
) -> Tensor | None:
    """Draws a rectangle or an ellipse that is all that is seen, in some images.

    Args:
        share: Of images that are cut.
        shape: Rows and columns.
        spacing_mm: From row to row, from column to column.
        least_mm: Shortest side of what is seen; a shorter one is left whole.
        generator: On the CPU.
        device: Of the result.

    Returns:
        What is seen, (rows, columns), bool; None where all of it is.
    """
    if not chance(share, generator):
        return None
    edges = []
    for count, step in zip(shape, spacing_mm, strict=True):
        low, high = sorted(uniform(-_BEYOND, 1 + _BEYOND, generator) * count for _ in range(2))
        shown = min(high, count) - max(low, 0)
        edges.append((low, high) if shown * step >= least_mm else (-math.inf, math.inf))
    numbers = [torch.arange(count, device=device) + 0.5 for count in shape]
    inside = [
        (number > low) & (number < high) for number, (low, high) in zip(numbers, edges, strict=True)
    ]
    seen = inside[0][:, None] & inside[1][None, :]
    round_, finite = chance(0.25, generator), all(math.isfinite(low) for low, _ in edges)
    if round_ and finite:
        down, along = (
            ((number - (low + high) / 2) / ((high - low) / 2)) ** 2
            for number, (low, high) in zip(numbers, edges, strict=True)
        )
        seen = down[:, None] + along[None, :] < 1
    return None if bool(seen.all()) else seen


def add_foreign_shapes(
    signal: Tensor,
    find_free_mm: Callable[[], Tensor],
    spacing_mm: tuple[float, float],
    variation: ScannerVariation,
    generator: torch.Generator,
) -> Tensor:
    """Lays blobs and shells that are no anatomy over a slice, away from the joint.

    Args:
        signal: Shape (rows, columns).
        find_free_mm: Tells how far each pixel is beyond the distance from the joint, and from any
            bone that is labelled, at which shapes may begin; (rows, columns). Asked only where
            there are shapes.
        spacing_mm: From row to row, from column to column.
        variation: How often.
        generator: On the CPU.

    Returns:
        Shape (rows, columns).
    """
    if not chance(variation.foreign_share, generator):
        return signal
    shape = (signal.shape[0], signal.shape[1])
    device = signal.device
    fields = device_generator(device, generator)
    rows, columns = _places_mm(shape, spacing_mm, device)
    bright = float(signal.max())
    room = torch.sigmoid(find_free_mm())
    for _ in range(whole(1, _MOST_FOREIGN, generator)):
        middle = [
            uniform(-0.5, 0.5, generator) * n * s for n, s in zip(shape, spacing_mm, strict=True)
        ]
        radii = [uniform(*_FOREIGN_MM, generator) for _ in range(2)]
        down, along = (
            ((places - place) / radius) ** 2
            for places, place, radius in zip((rows, columns), middle, radii, strict=True)
        )
        away = torch.sqrt(down[:, None] + along[None, :]) + 0.2 * smooth_field(shape, 6, fields)
        inner = uniform(0.3, 0.9, generator) if chance(0.5, generator) else 0.0
        inside = torch.sigmoid(12 * (1 - away)) * torch.sigmoid(12 * (away - inner))
        texture = 1 + uniform(0, 0.2, generator) * smooth_field(shape, 30, fields)
        level = bright * uniform(0, 1, generator) * texture
        mask = room * inside
        signal = signal * (1 - mask) + level.clamp_min(0) * mask
    return signal


def _places_mm(
    shape: tuple[int, int], spacing_mm: tuple[float, float], device: torch.device
) -> tuple[Tensor, Tensor]:
    """Places of rows and of columns from the middle of the patch."""
    rows, columns = (
        (torch.arange(count, device=device) - (count - 1) / 2) * step
        for count, step in zip(shape, spacing_mm, strict=True)
    )
    return rows, columns
