"""A layer of paint: one structure, where it is and how it is mottled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shoulderseg.datasets.phantom.frames import Points
from shoulderseg.datasets.phantom.sdf import FloatArray
from shoulderseg.datasets.phantom.structures import Structure

Distance = Callable[[Points], FloatArray]
Region = Callable[[Points], npt.NDArray[np.bool_]]


@dataclass(frozen=True, eq=False)
class Layer:
    """A structure painted over everything before it.

    Attributes:
        structure: What is painted.
        distance: Signed distance in mm, negative inside, of `Points`, shape (n,).
        texture: Share of the structure's second material at `Points`, 0 to 1, shape (n,); without
            one the structure is all of its first material.
        opacity: How much of what lies under it is covered, 0 to 1.
        nested: Whether it lies all within the layer before it, as marrow in its cortex. Where a
            sample reaches beyond both, it then takes room from that layer alone.
    """

    structure: Structure
    distance: Distance
    texture: Distance | None = None
    opacity: float = 1.0
    nested: bool = False
