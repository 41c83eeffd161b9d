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


def stripes(
    shape: tuple[int, int], generator: torch.Generator, field_generator: torch.Generator
) -> Tensor:
    """Draws thin bent lines along a random direction, as fat between a muscle's fibres lies.

    Args:
        shape: Rows and columns.
        generator: On the CPU.
        field_generator: On the device of the field.

    Returns:
        From 0 between the lines to 1 on them, (rows, columns), float32.
    """
    device = field_generator.device
    direction = uniform(0, math.pi, generator)
    nodes = whole(12, 60, generator)
    down, along = (torch.linspace(-0.5, 0.5, count, device=device) for count in shape)
    # From one corner to the opposite one it is less than 1.5.
    across = math.cos(direction) * down[:, None] + math.sin(direction) * along[None, :]
    place = (across / 1.5 + 0.5 + 0.03 * smooth_field(shape, 4, field_generator)) * (nodes - 2)
    place = place.clamp(0, nodes - 1.001)
    values = torch.randn(nodes, generator=field_generator, device=device)
    low = place.floor().long()
    bent = torch.lerp(values[low], values[low + 1], place - low)
    broken = torch.sigmoid(3 * smooth_field(shape, 8, field_generator))
    return torch.exp(-((bent / 0.2) ** 2)) * broken


def white_field(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    """Draws normally distributed values that do not depend on each other, float32."""
    return torch.randn(shape, generator=generator, device=generator.device)
