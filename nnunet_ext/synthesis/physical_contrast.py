"""The look of an image by signal equations."""

from __future__ import annotations

import torch
from torch import Tensor

from shoulderseg.nnunet_ext.synthesis.appearance import CHANNELS, IDS, Appearance
from shoulderseg.nnunet_ext.synthesis.draws import (
    chance,
    device_generator,
    smooth_field,
    uniform,
    whole,
)
from shoulderseg.nnunet_ext.synthesis.sequences import (
    FAT_SATURATED,
    Protocol,
    draw_protocol,
    fat_phase,
    water_and_fat,
)
from shoulderseg.nnunet_ext.synthesis.tissues import Tissues
from shoulderseg.nnunet_ext.synthesis.variation import ContrastVariation

# Half of the channels are water's: the mean and a coarse and two fine textures.
_HALF = CHANNELS // 2
_TEXTURE_NODES = ((5, 14), (14, 36), (36, 80))
# Deviation of a share from its mean over a structure, as a share of the greatest that it can be.
_MIXING = 0.6
# Of the texture that a structure has beside its mixture, relative to its signal.
_GRAIN = 0.04
# Fat that saturation leaves: some lines lie near water, and the field is uneven.
_LEFT_OVER = (0.03, 0.25)
_FAILURE_SHARE, _FAILURE = 0.3, 0.5
_BLOOD = "blood"


def physical_appearance(
    tissues: Tissues,
    shape: tuple[int, int],
    variation: ContrastVariation,
    generator: torch.Generator,
    device: torch.device,
) -> Appearance:
    """Draws a sequence and gives the look that it makes.

    Args:
        tissues: What structures are made of.
        shape: Rows and columns of the image.
        variation: How far field strength and tissues vary.
        generator: On the CPU.
        device: Of the result.

    Returns:
        The look, its brightest mean scaled to 1.
    """
    fat_t1_ms = float(tissues.values["fat_t1_ms"].mean())
    protocol = draw_protocol(variation.field_t, fat_t1_ms, generator)
    table = _table(tissues, protocol, variation, generator)
    fields_generator = device_generator(device, generator)
    textures = [
        smooth_field(shape, whole(*nodes, generator), fields_generator) for nodes in _TEXTURE_NODES
    ]
    half = [torch.ones(shape, device=device), *textures]
    brightest = (table[:, 0].abs() + table[:, _HALF].abs()).max().clamp_min(1e-6)
    return Appearance(
        (table / brightest).to(device),
        torch.stack([*half, *half]),
        fat=_HALF,
        fat_factor=_fat_factor(protocol, shape, generator, fields_generator),
    )


def _table(
    tissues: Tissues,
    protocol: Protocol,
    variation: ContrastVariation,
    generator: torch.Generator,
) -> Tensor:
    """Water's and fat's mean and textures in each structure, (IDS, CHANNELS)."""
    count = len(tissues.ids)
    # A structure's materials vary together.
    tissue = {
        name: values
        * torch.exp(variation.relaxation * torch.randn((count, 1), generator=generator))
        for name, values in tissues.values.items()
    }
    shares = tissues.shares
    # From the first material to the last, coarse; and grain.
    mixed = _MIXING * torch.sqrt(shares[:, 0] * (1 - shares[:, 0]).clamp_min(0))
    table = torch.zeros((IDS, CHANNELS))
    for start, given in zip((0, _HALF), water_and_fat(tissue, protocol), strict=True):
        mean = (shares * given).sum(dim=1)
        step = (given[:, -1] - given[:, 0]) * mixed
        table[tissues.ids, start : start + _HALF] = torch.stack(
            [mean, 0.8 * step, 0.6 * step, _GRAIN * mean], dim=1
        )
    for structure in tissues.kinds.get(_BLOOD, []):
        # Blood leaves a slice before its echo, or enters it fresh.
        table[structure] *= uniform(0, 1.5, generator)
    return table


def _fat_factor(
    protocol: Protocol,
    shape: tuple[int, int],
    generator: torch.Generator,
    fields_generator: torch.Generator,
) -> Tensor | complex:
    if protocol.sequence not in FAT_SATURATED:
        return fat_phase(protocol)
    left = uniform(*_LEFT_OVER, generator)
    if not chance(_FAILURE_SHARE, generator):
        return left
    uneven = smooth_field(shape, 3, fields_generator)
    failed = torch.sigmoid(3 * (uneven - uniform(0.5, 2, generator)))
    return left + uniform(0, _FAILURE, generator) * failed
