"""How every structure looks in one image: what it gives, and how that varies within it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from shoulderseg.nnunet_ext.synthesis.draws import (
    chance,
    device_generator,
    smooth_field,
    uniform,
)
from shoulderseg.nnunet_ext.synthesis.variation import ContrastVariation

# Channels of water and of fat: the mean, textures, and steps between regions.
CHANNELS = 10
IDS = 256
# How far the border of a zone of marrow is bent, and how wide it is.
_BENT_MM, _BORDER_MM = 2.5, 1.0


@dataclass(frozen=True, eq=False)
class Appearance:
    """The look of an image, given channel by channel.

    A pixel's signal is the sum over channels of what its structures have there, each times its
    share, times the channel's field.

    Attributes:
        table: What each structure has, by id, (256, CHANNELS), float32.
        fields: Of each channel, (CHANNELS, rows, columns), float32.
        fat: The first channel of fat; `CHANNELS` where fat is not told apart from water.
        fat_factor: What the fat's signal is multiplied with when it is added to the water's,
            (rows, columns) or a number, complex or real.
        fat_shift: How many rows and columns the fat's signal lies beside its place.
    """

    table: Tensor
    fields: Tensor
    fat: int = CHANNELS
    fat_factor: Tensor | complex = 1.0
    fat_shift: tuple[float, float] = (0.0, 0.0)


def signal(values: Tensor, appearance: Appearance) -> Tensor:
    """Adds the channels of a cut up to the magnitude of its signal.

    Args:
        values: What the structures of each pixel have, (CHANNELS, rows, columns).
        appearance: The look of the image.

    Returns:
        Shape (rows, columns), float32, at least 0.
    """
    given = values * appearance.fields
    fat = appearance.fat
    water = given[:fat].sum(dim=0)
    if fat == CHANNELS:
        return water.clamp_min(0)
    beside = _moved(given[fat:].sum(dim=0), appearance.fat_shift)
    return torch.abs(water + appearance.fat_factor * beside)


def mean_level(appearance: Appearance, structures: Sequence[int]) -> Tensor:
    """Gives the mean signal of structures without texture.

    Args:
        appearance: The look of the image.
        structures: Their ids, at least one.

    Returns:
        A number or (rows, columns), at least 0.
    """
    means = appearance.table[list(structures)].mean(dim=0)
    if appearance.fat == CHANNELS:
        return means[0].clamp_min(0)
    return torch.abs(means[0] + appearance.fat_factor * means[appearance.fat])


def marrow_zone(
    away_mm: Tensor, variation: ContrastVariation, generator: torch.Generator
) -> Tensor | None:
    """Draws where marrow is another than at the joint, in some images.

    Args:
        away_mm: From the middle of the head, (rows, columns).
        variation: How often, and how far away.
        generator: On the CPU.

    Returns:
        From 0 at the head to 1 beyond, (rows, columns); None where all marrow is of one kind.
    """
    if not chance(variation.zoned_share, generator):
        return None
    fields = device_generator(away_mm.device, generator)
    bent = _BENT_MM * smooth_field((away_mm.shape[0], away_mm.shape[1]), 12, fields)
    beyond = away_mm - uniform(*variation.zone_mm, generator) + bent
    return torch.sigmoid(beyond / _BORDER_MM)


def _moved(field: Tensor, pixels: tuple[float, float]) -> Tensor:
    """Moves a field by parts of pixels too; what moves in is as at the edge."""
    for axis, shift in enumerate(pixels):
        if shift == 0:
            continue
        low = math.floor(shift)
        last = field.shape[axis] - 1
        places = torch.arange(field.shape[axis], device=field.device)
        near, far = (
            field.index_select(axis, (places - step).clamp(0, last)) for step in (low, low + 1)
        )
        field = torch.lerp(near, far, shift - low)
    return field
