"""Random contrasts that no scanner gives, to make a network indifferent to contrast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.phantom.structures import COMPOSITION, Material

if TYPE_CHECKING:
    import numpy.typing as npt

# How often air, and cortical bone, is as dark as it is in nearly every real image.
DARK_AIR = 0.8
DARK_BONE = 0.75
# Spread between both ends of a structure, and within what is dark.
END_SPREAD = 0.12
DARK_LEVEL = 0.08


def random_signals(rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Draws an intensity for every structure, as SynthSeg does for its labels.

    After Billot et al., Med Image Anal 2023;86:102789: each label has a uniform random mean. Here
    structures of the same material resemble each other to a degree that is drawn, too, and the
    second end of a structure lies near its first, for it is the texture inside it.

    Args:
        rng: Source of randomness.

    Returns:
        Shape (256, 2, 2) as `structure_signals` gives it, between 0 and 1: everything in the
        water column, fat 0. Values that no structure has are NaN.
    """
    by_material = rng.uniform(size=len(Material))
    kinship = rng.uniform()
    if rng.uniform() < DARK_AIR:
        by_material[[Material.AIR, Material.LUNG]] = rng.uniform(0, DARK_LEVEL, 2)
    bone_is_dark = rng.uniform() < DARK_BONE
    by_material[Material.CORTICAL_BONE] *= DARK_LEVEL if bone_is_dark else 1
    table = np.full((256, 2, 2), np.nan, dtype=np.float32)
    for structure, (first, second) in COMPOSITION.items():
        own, step = rng.uniform(), rng.normal(0, END_SPREAD)
        if by_material[first] <= DARK_LEVEL:
            own *= DARK_LEVEL
        level = kinship * by_material[first] + (1 - kinship) * own
        other = level + (0 if first == second else step)
        table[structure] = np.clip([[level, 0], [other, 0]], 0, 1)
    return table


def random_reference(signals: npt.NDArray[np.float32]) -> float:
    """Gives the signal against which noise is measured, as muscle's is in physical images.

    Args:
        signals: As `random_signals` gives them.

    Returns:
        The median of the structures that are not dark; any one of them, muscle too, may be.
    """
    levels = signals[:, 0, 0]
    return float(np.median(levels[levels > DARK_LEVEL]))
