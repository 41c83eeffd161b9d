"""Random intensities of structures, as SynthSeg draws them, with what is alike in most images.

After Billot et al., Med Image Anal 2023;86:102789: every structure has a random mean and texture.
Structures that look alike in most images share their mean here in most images, some are split
into random regions and some neighbours merged, so that neither is learned as a rule.
"""

from __future__ import annotations

from collections.abc import Mapping

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
    normal,
    smooth_field,
    stripes,
    uniform,
    white_field,
    whole,
)
from shoulderseg.nnunet_ext.synthesis.tissues import Tissues
from shoulderseg.nnunet_ext.synthesis.variation import ContrastVariation

# Pairs of kinds that look the same in some images and differ in others.
MERGED = (("dark", "muscle"), ("marrow", "fat"), ("cartilage", "fluid"), ("dark", "cartilage"))
_SPREAD = 0.04
_DARK_SPREAD = 0.03
_TEXTURES = 2
# The last two channels: lines of fat in muscle, and zones of marrow.
_SEPTA, _ZONE = CHANNELS - 2, CHANNELS - 1
# Texture of what is dark, as a share of that of the others: some, and the more the brighter it is.
_DARK_TEXTURE = 0.1


def random_appearance(
    tissues: Tissues, away_mm: Tensor, variation: ContrastVariation, generator: torch.Generator
) -> Appearance:
    """Draws a look that no scanner gives.

    Args:
        tissues: What structures are made of.
        away_mm: Of the image's pixels from the middle of the head, (rows, columns).
        variation: How far looks vary.
        generator: On the CPU.

    Returns:
        The look on the device of the distances, with means from 0 to 1 or a little beyond.
    """
    shape, device = (away_mm.shape[0], away_mm.shape[1]), away_mm.device
    fields_generator = device_generator(device, generator)
    kinds = tissues.kinds
    table = torch.zeros((IDS, CHANNELS))
    table[:, 0] = _means(kinds, variation, generator)
    table[:, 1 : 1 + _TEXTURES] = _textures(table[:, 0], kinds, variation, generator)
    fields = [torch.ones(shape, device=device)]
    white, fine, coarse = (
        white_field(shape, fields_generator),
        smooth_field(shape, whole(20, 60, generator), fields_generator),
        smooth_field(shape, whole(6, 20, generator), fields_generator),
    )
    fields += [0.6 * white + 0.6 * fine, coarse]
    splits = whole(0, min(variation.most_splits, _SEPTA - len(fields)), generator)
    air = set(kinds.get("air", []))
    seen = [number for number in tissues.ids.tolist() if number not in air]
    for channel in range(1 + _TEXTURES, _SEPTA):
        if channel >= 1 + _TEXTURES + splits:
            fields.append(torch.zeros(shape, device=device))
            continue
        split = _split_structures(kinds, seen, generator)
        table[split, channel] = normal(0, variation.split, generator)
        field = smooth_field(shape, whole(3, 14, generator), fields_generator)
        fields.append(torch.sigmoid(4 * (field - uniform(-1, 1, generator))))
    fields.append(stripes(shape, generator, fields_generator))
    table[:, _SEPTA] = _septa(table[:, 0], kinds, variation, generator)
    zone = marrow_zone(away_mm, variation, generator)
    if zone is not None:
        for structure in kinds.get("marrow", []):
            table[structure, _ZONE] = normal(0, variation.split, generator)
    fields.append(torch.zeros(shape, device=device) if zone is None else zone)
    return Appearance(table.to(device), torch.stack(fields))


def _textures(
    means: Tensor,
    kinds: Mapping[str, list[int]],
    variation: ContrastVariation,
    generator: torch.Generator,
) -> Tensor:
    """How strong the textures of every structure are, (256, _TEXTURES).

    Half of the structures have them in reverse, so that no pattern runs on from one to the next.
    """
    low, high = variation.texture
    strength = low + (high - low) * torch.rand((IDS, _TEXTURES), generator=generator)
    reverse = torch.rand((IDS, 1), generator=generator) < 0.5
    strength = torch.where(reverse, -strength, strength)
    # Compact bone and tendons give nothing that noise would not hide.
    dark = kinds.get("dark", [])
    strength[dark] *= _DARK_TEXTURE + means[dark, None].clamp_max(1)
    strength[kinds.get("air", [])] *= variation.air_level
    return strength


def _septa(
    means: Tensor,
    kinds: Mapping[str, list[int]],
    variation: ContrastVariation,
    generator: torch.Generator,
) -> Tensor:
    """How far the lines in muscles stand out: as far as to the mean of fat, (256,)."""
    steps = torch.zeros(IDS)
    fat, muscle = kinds.get("fat", []), kinds.get("muscle", [])
    if fat and muscle and chance(variation.septa_share, generator):
        shown = uniform(0, 1, generator)
        steps[muscle] = shown * (means[fat].mean() - means[muscle])
    return steps


def _means(
    kinds: Mapping[str, list[int]], variation: ContrastVariation, generator: torch.Generator
) -> Tensor:
    """A mean of every structure, by id, (256,)."""
    means = torch.rand(IDS, generator=generator)
    dark = chance(variation.alike_share["dark"], generator)
    levels = {kind: uniform(0, 1, generator) for kind in kinds}
    levels["dark"] = uniform(0, variation.dark_level, generator)
    levels["air"] = uniform(0, variation.air_level, generator)
    for one, other in MERGED:
        if one in levels and other in levels and chance(variation.merged_share, generator):
            levels[one] = levels[other]
    for kind, structures in kinds.items():
        alike = dark if kind == "dark" else chance(variation.alike_share.get(kind, 1), generator)
        if not alike:
            continue
        spread = _DARK_SPREAD if kind in ("dark", "air") else _SPREAD
        jitter = spread * torch.randn(len(structures), generator=generator)
        means[structures] = (levels[kind] + jitter).clamp_min(0)
    if chance(variation.merged_share, generator):
        seen = [structure for structures in kinds.values() for structure in structures]
        first, second = (seen[whole(0, len(seen) - 1, generator)] for _ in range(2))
        means[first] = means[second]
    return means


def _split_structures(
    kinds: Mapping[str, list[int]], seen: list[int], generator: torch.Generator
) -> list[int]:
    """One structure that is split into regions, or all of its kind alike."""
    if not seen:
        return []
    one = seen[whole(0, len(seen) - 1, generator)]
    if chance(0.5, generator):
        return [one]
    return next(structures for structures in kinds.values() if one in structures)
