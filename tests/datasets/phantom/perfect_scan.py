"""Scans of a small grid without any artefact but those that are asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.datasets.phantom.grid import ScanGrid
from shoulderseg.datasets.phantom.scanner.acquire import acquire
from shoulderseg.datasets.phantom.scanner.sampling import sample_protocol

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.scanner.protocol import Protocol, Sequence

    FloatImage = npt.NDArray[np.float32]

SHAPE = (2, 48, 36)
# Slices along y, rows along -z, columns along x: an upright coronal stack.
GRID = ScanGrid(SHAPE, (4.0, 1.0, 1.5), 3.5, (-20, 10, 30), (1, 0, 0, 0, 0, 1, 0, -1, 0))
COILS_MM = np.array([[60.0, 0.0, 0.0], [0.0, -50.0, 20.0]])


def perfect(sequence: Sequence, **changes: object) -> Protocol:
    """A scan without any artefact, noise or chemical shift."""
    protocol = sample_protocol(sequence, "coronal", np.random.default_rng(0), field_t=1.5)
    ideal: dict[str, Any] = {
        "shape": SHAPE,
        "spacing_mm": GRID.spacing_mm,
        "thickness_mm": GRID.thickness_mm,
        "acquired_fraction": (1.0, 1.0),
        "phase_axis": 1,
        "bandwidth_hz": 1e9,
        "snr": np.inf,
        "fat_saturation_failure": 0.0,
        "bias_strength": 0.0,
        "coil_falloff": 0.0,
        "ghosting": 0.0,
        "wrap_fraction": 0.0,
        "echo_train": 1,
        "kspace_taper": 0.0,
        "readout_reversed": False,
    }
    return replace(protocol, **(ideal | changes))


def scan(
    water: FloatImage, fat: FloatImage, protocol: Protocol, seed: int = 0, **options: float | None
) -> FloatImage:
    """Scans signals on the grid, with nothing scaled unless `gain` is given."""
    grid = replace(GRID, shape=protocol.shape)
    given: dict[str, Any] = {"gain": 1.0} | options
    rng = np.random.default_rng(seed)
    return acquire(water, fat, grid, protocol, COILS_MM, rng, **given)


def noise(shape: tuple[int, ...], seed: int = 0) -> FloatImage:
    """Signals between 0 and 1."""
    return np.random.default_rng(seed).uniform(size=shape).astype(np.float32)


def block(shape: tuple[int, int, int] = SHAPE) -> FloatImage:
    """A block of 1 off the middle, in nothing."""
    image = np.zeros(shape, dtype=np.float32)
    image[:, 16:26, 12:21] = 1
    return image
