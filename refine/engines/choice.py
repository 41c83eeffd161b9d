"""Which way is fastest for the pixels of one slice, from the multiply-adds that each way takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from shoulderseg.refine.engines.dense import dense_multiply_adds
from shoulderseg.refine.engines.folding import Layer
from shoulderseg.refine.engines.gathered import patch_multiply_adds

Way: TypeAlias = Literal["gather", "dense", "needed"]
Method: TypeAlias = Literal["auto", "gather", "dense", "needed"]

# Multiply-adds a second relative to the needed set's, measured on one core of an AVX-512 CPU over
# bands, filled discs and scattered pixels; convolutions that read contiguous maps run best.
_CPU_SPEED = {"gather": 0.97, "dense": 1.13, "needed": 1.0}
# Finding the needed set costs about as much as this many multiply-adds.
_PLANNING = 100_000_000
# Where this share of the bounding box is asked for, the needed set leaves next to nothing out.
_FULL = 0.8


def before_planning(
    layers: Sequence[Layer], size: int, box: tuple[int, int], pixels: int
) -> Way | None:
    """Chooses the way on a CPU where it is clear without the needed set; else gives None.

    Args:
        layers: As `fold` gives them.
        size: Patch side.
        box: Height and width of the pixels' bounding box.
        pixels: How many.
    """
    gather, dense = _simple_costs(layers, size, box, pixels)
    if min(gather, dense) < _PLANNING or pixels >= _FULL * box[0] * box[1]:
        return "gather" if gather <= dense else "dense"
    return None


def after_planning(
    layers: Sequence[Layer], size: int, box: tuple[int, int], pixels: int, needed: int
) -> Way:
    """Chooses the way with the least cost on a CPU, knowing the needed set's multiply-adds.

    Args:
        layers: As `fold` gives them.
        size: Patch side.
        box: Height and width of the pixels' bounding box.
        pixels: How many.
        needed: Multiply-adds of the needed set.
    """
    gather, dense = _simple_costs(layers, size, box, pixels)
    costs: dict[Way, float] = {
        "needed": needed / _CPU_SPEED["needed"],
        "gather": gather,
        "dense": dense,
    }
    return min(costs, key=lambda way: costs[way])


def on_accelerator(layers: Sequence[Layer], size: int, box: tuple[int, int], pixels: int) -> Way:
    """Chooses the way for a GPU, where reading contiguous maps beats the needed set.

    Args:
        layers: As `fold` gives them.
        size: Patch side.
        box: Height and width of the pixels' bounding box.
        pixels: How many.
    """
    gather = pixels * patch_multiply_adds(layers, size)
    return "gather" if gather < dense_multiply_adds(layers, *box, pixels) else "dense"


def _simple_costs(
    layers: Sequence[Layer], size: int, box: tuple[int, int], pixels: int
) -> tuple[float, float]:
    return (
        pixels * patch_multiply_adds(layers, size) / _CPU_SPEED["gather"],
        dense_multiply_adds(layers, *box, pixels) / _CPU_SPEED["dense"],
    )
