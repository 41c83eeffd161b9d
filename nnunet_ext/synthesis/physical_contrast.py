"""The look of an image by signal equations."""

from __future__ import annotations

import torch
from torch import Tensor

from shoulderseg.nnunet_ext.synthesis.appearance import (
    CHANNELS,
    IDS,
    Appearance,
    marrow_zone,
)
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

# Half of the channels are water's: the mean, a coarse and two fine textures, and how it differs in
# a zone.
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
# The sequence that follows an injection into the joint.
_ARTHROGRAPHY = "t1-fs"
# How much of the transfer in muscle other tissue has (Melki & Mulkern, Magn Reson Med 1992;
# 24:189-195); estimates.
_TRANSFER = {"muscle": 1.0, "cartilage": 0.75, "dark": 0.75}


def physical_appearance(
    tissues: Tissues, away_mm: Tensor, variation: ContrastVariation, generator: torch.Generator
) -> Appearance:
    """Draws a sequence and gives the look that it makes.

    Args:
        tissues: What structures are made of.
        away_mm: Of the image's pixels from the middle of the head, (rows, columns).
        variation: How far field strength and tissues vary.
        generator: On the CPU.

    Returns:
        The look on the device of the distances, its brightest mean scaled to 1.
    """
    shape, device = (away_mm.shape[0], away_mm.shape[1]), away_mm.device
    fat_t1_ms = float(tissues.values["fat_t1_ms"].mean())
    protocol = draw_protocol(variation.field_t, fat_t1_ms, generator)
    table = _table(tissues, protocol, variation, generator)
    fields_generator = device_generator(device, generator)
    textures = [
        smooth_field(shape, whole(*nodes, generator), fields_generator) for nodes in _TEXTURE_NODES
    ]
    zone = marrow_zone(away_mm, variation, generator)
    nowhere = torch.zeros(shape, device=device)
    half = [torch.ones(shape, device=device), *textures, nowhere if zone is None else zone]
    brightest = (table[:, 0].abs() + table[:, _HALF].abs()).max().clamp_min(1e-6)
    return Appearance(
        (table / brightest).to(device),
        torch.stack([*half, *half]),
        fat=_HALF,
        fat_factor=_fat_factor(protocol, shape, generator, fields_generator),
        fat_shift=_fat_shift(variation, generator),
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
    if protocol.sequence == _ARTHROGRAPHY and chance(variation.contrast_agent_share, generator):
        fluid = torch.isin(
            tissues.ids, torch.tensor(tissues.kinds.get("fluid", []), dtype=torch.int64)
        )
        tissue["t1_ms"][fluid] = uniform(*variation.agent_t1_ms, generator)
    shares, beyond = (_mixed_anew(tissues, variation, generator) for _ in range(2))
    # Only marrow differs between zones.
    beyond = torch.where(tissues.marrow[:, None], beyond, shares)
    kept = 1 - _transfer(tissues, uniform(*variation.transfer, generator))
    # From the first material to the last, coarse; and grain.
    mixed = _MIXING * torch.sqrt(shares[:, 0] * (1 - shares[:, 0]).clamp_min(0))
    table = torch.zeros((IDS, CHANNELS))
    water, fat = water_and_fat(tissue, protocol)
    for start, given in ((0, water * kept[:, None]), (_HALF, fat)):
        mean, other = ((part * given).sum(dim=1) for part in (shares, beyond))
        step = (given[:, -1] - given[:, 0]) * mixed
        table[tissues.ids, start : start + _HALF] = torch.stack(
            [mean, 0.8 * step, 0.6 * step, _GRAIN * mean, other - mean], dim=1
        )
    for structure in tissues.kinds.get(_BLOOD, []):
        # Blood leaves a slice before its echo, or enters it fresh.
        table[structure] *= uniform(0, 1.5, generator)
    return table


def _mixed_anew(
    tissues: Tissues, variation: ContrastVariation, generator: torch.Generator
) -> Tensor:
    """Shares of the materials with marrow of another age and leaner muscles, (S, P)."""
    shares = tissues.shares.clone()
    if shares.shape[1] < 2:
        return shares
    count = len(shares)
    again = torch.rand(count, generator=generator) < variation.remixed_share
    red = torch.rand(count, generator=generator)
    second = torch.where(tissues.marrow & again, red, shares[:, 1])
    muscle = torch.isin(
        tissues.ids, torch.tensor(tissues.kinds.get("muscle", []), dtype=torch.int64)
    )
    second = torch.where(
        muscle, (second * uniform(*variation.lean, generator)).clamp_max(1), second
    )
    changed = tissues.marrow | muscle
    shares[changed, 1] = second[changed]
    shares[changed, 0] = 1 - second[changed]
    return shares


def _transfer(tissues: Tissues, in_muscle: float) -> Tensor:
    """Share of each structure's water that is saturated, (S,)."""
    lost = torch.zeros(IDS)
    for kind, part in _TRANSFER.items():
        lost[tissues.kinds.get(kind, [])] = part * in_muscle
    return lost[tissues.ids]


def _fat_shift(variation: ContrastVariation, generator: torch.Generator) -> tuple[float, float]:
    """Rows and columns that fat lies beside its place: along one of the two."""
    if not chance(variation.fat_shift_share, generator):
        return (0.0, 0.0)
    most = variation.fat_shift_pixels
    shift = uniform(-most, most, generator)
    return (shift, 0.0) if chance(0.5, generator) else (0.0, shift)


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
