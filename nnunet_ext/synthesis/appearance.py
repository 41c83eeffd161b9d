"""How every structure looks in one image: what it gives, and how that varies within it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

# Channels of water and of fat: the mean, two textures, and steps between random regions.
CHANNELS = 8
IDS = 256


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
    """

    table: Tensor
    fields: Tensor
    fat: int = CHANNELS
    fat_factor: Tensor | complex = 1.0


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
    return torch.abs(water + appearance.fat_factor * given[fat:].sum(dim=0))
