"""Random intensities of structures, as SynthSeg draws them, with what is alike in most images.

After Billot et al., Med Image Anal 2023;86:102789: every structure has a random mean and texture.
Structures that look alike in most images share their mean here in most images, some are split
into random regions and some neighbours merged, so that neither is learned as a rule.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from shoulderseg.nnunet_ext.synthesis.appearance import CHANNELS, IDS, Appearance
from shoulderseg.nnunet_ext.synthesis.draws import (
    chance,
    device_generator,
    normal,
    smooth_field,
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


def random_appearance(
    tissues: Tissues,
    shape: tuple[int, int],
    variation: ContrastVariation,
    generator: torch.Generator,
    device: torch.device,
) -> Appearance:
    """Draws a look that no scanner gives.

    Args:
        tissues: What structures are made of.
        shape: Rows and columns of the image.
        variation: How far looks vary.
        generator: On the CPU.
        device: Of the result.

    Returns:
        The look, with means from 0 to 1 or a little beyond.
    """
    fields_generator = device_generator(device, generator)
    kinds = tissues.kinds
    table = torch.zeros((IDS, CHANNELS))
    table[:, 0] = _means(kinds, variation, generator)
    low, high = variation.texture
    spread = torch.rand((IDS, _TEXTURES), generator=generator)
    table[:, 1 : 1 + _TEXTURES] = low + (high - low) * spread
    for structure in kinds.get("air", []):
        table[structure, 1 : 1 + _TEXTURES] *= variation.air_level
    fields = [torch.ones(shape, device=device)]
    white, fine, coarse = (
        white_field(shape, fields_generator),
        smooth_field(shape, whole(20, 60, generator), fields_generator),
        smooth_field(shape, whole(6, 20, generator), fields_generator),
    )
    fields += [0.6 * white + 0.6 * fine, coarse]
    splits = whole(0, min(variation.most_splits, CHANNELS - len(fields)), generator)
    air = set(kinds.get("air", []))
    seen = [number for number in tissues.ids.tolist() if number not in air]
    for channel in range(1 + _TEXTURES, CHANNELS):
        if channel >= 1 + _TEXTURES + splits:
            fields.append(torch.zeros(shape, device=device))
            continue
        split = _split_structures(kinds, seen, generator)
        table[split, channel] = normal(0, variation.split, generator)
        field = smooth_field(shape, whole(3, 14, generator), fields_generator)
        fields.append(torch.sigmoid(4 * (field - uniform(-1, 1, generator))))
    return Appearance(table.to(device), torch.stack(fields))


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
