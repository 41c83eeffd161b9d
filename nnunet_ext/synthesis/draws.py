"""Random numbers, vectors and smooth fields from a torch generator."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional


def uniform(low: float, high: float, generator: torch.Generator) -> float:
    """Draws a number between two limits."""
    return low + (high - low) * float(torch.rand((), generator=generator))


def log_uniform(low: float, high: float, generator: torch.Generator) -> float:
    """Draws a number between two positive limits, each factor equally likely."""
    return math.exp(uniform(math.log(low), math.log(high), generator))


def normal(mean: float, deviation: float, generator: torch.Generator) -> float:
    """Draws a normally distributed number."""
    return mean + deviation * float(torch.randn((), generator=generator))


def chance(share: float, generator: torch.Generator) -> bool:
    """Whether something happens that happens in this share of the cases."""
    return float(torch.rand((), generator=generator)) < share


def whole(low: int, high: int, generator: torch.Generator) -> int:
    """Draws a whole number from `low` to `high`, both included."""
    return int(torch.randint(low, high + 1, (), generator=generator))


def device_generator(device: torch.device, generator: torch.Generator) -> torch.Generator:
    """Makes a generator on a device, seeded from one on the CPU."""
    seed = int(torch.randint(2**62, (), generator=generator))
    return torch.Generator(device).manual_seed(seed)


def smooth_field(shape: tuple[int, int], nodes: int, generator: torch.Generator) -> Tensor:
    """Draws a smooth field of about zero mean and a deviation near one.

    Args:
        shape: Rows and columns.
        nodes: Normally distributed values along each axis that the field passes near; between
            them it is interpolated.
        generator: On the device of the field.

    Returns:
        Shape (rows, columns), float32.
    """
    values = torch.randn((1, 1, nodes, nodes), generator=generator, device=generator.device)
    # Interpolation averages neighbours, which takes about a third off the deviation.
    field = functional.interpolate(values, size=shape, mode="bilinear", align_corners=True)
    return 1.5 * field[0, 0]


def white_field(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    """Draws normally distributed values that do not depend on each other, float32."""
    return torch.randn(shape, generator=generator, device=generator.device)
