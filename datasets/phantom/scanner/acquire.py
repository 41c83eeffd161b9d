"""From rendered water and fat to the magnitude image that a scanner would store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.phantom.scanner.gains import draw_gains
from shoulderseg.datasets.phantom.scanner.margins import view_window
from shoulderseg.datasets.phantom.scanner.readout import plan_readout, read_out
from shoulderseg.datasets.phantom.scanner.signals import reference_signal
from shoulderseg.datasets.phantom.scanner.wrap import fold, margin_voxels, rendered_grid

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.grid import ScanGrid
    from shoulderseg.datasets.phantom.scanner.gains import Gains
    from shoulderseg.datasets.phantom.scanner.protocol import Protocol

    FloatImage = npt.NDArray[np.float32]

# Prescan sets the receiver gain so that the bright parts of the image, not single voxels, fill the
# range of stored values.
FULL_SCALE = 1000.0
FULL_SCALE_PERCENTILE = 99.5
# Cycles of a motion from line to line: slower ones would hide in the image itself.
GHOST_CYCLES = (0.08, 0.45)


def acquire(
    water: FloatImage,
    fat: FloatImage,
    grid: ScanGrid,
    protocol: Protocol,
    coils_mm: npt.NDArray[np.floating],
    rng: np.random.Generator,
    *,
    reference: float | None = None,
    gain: float | None = None,
    workers: int = 1,
) -> FloatImage:
    """Scan an object.

    Fat saturation, coil sensitivity and shading scale the object, what lies beside the field of
    view folds back, and each slice goes through k-space: chemical shift of fat, decay along the
    echo train, motion, truncation, filter and noise. Margins outside the acquired field of view are
    black.

    Args:
        water: Water signal, averaged over the slice profile, on the grid that `rendered_grid`
            gives; shape (Z, Y, X).
        fat: Fat signal likewise, before saturation.
        grid: Of the image.
        protocol: Settings and artefacts of the scan.
        coils_mm: Centres of the receive loops in patient coordinates, shape (N, 3).
        rng: Source of randomness; only its state counts, so that equal states give equal bytes.
        reference: Signal whose SNR is `protocol.snr` where the sensitivity is 1, in the middle of
            the coils; by default `reference_signal`, which fits tables of `structure_signals`.
            For another contrast give the signal of muscle there.
        gain: Stored value of a signal of 1; by default the 99.5th percentile becomes 1000.
        workers: Threads that share the slices. The result does not depend on them.

    Returns:
        Magnitude image, shape `grid.shape`.

    Raises:
        ValueError: If an array does not have the shape of the rendered grid or holds a value that
            is not finite, or a setting lies outside its range.
    """
    wide = rendered_grid(grid, protocol)
    _check(water, fat, wide, protocol.snr)
    reference = reference_signal(protocol) if reference is None else reference
    gains = draw_gains(water, fat, wide, protocol, coils_mm, reference, rng)
    noise_sd = abs(reference) / protocol.snr
    image = _read_slices((water, fat), gains, grid, protocol, noise_sd, rng, workers)
    # Before the margins are blanked: they are no part of what a scanner measures.
    image *= np.float32(_receiver_gain(image) if gain is None else gain)
    image *= view_window((grid.shape[1], grid.shape[2]), protocol)
    return image


def _read_slices(
    signals: tuple[FloatImage, FloatImage],
    gains: Gains,
    grid: ScanGrid,
    protocol: Protocol,
    noise_sd: float,
    rng: np.random.Generator,
    workers: int,
) -> FloatImage:
    """Takes each slice through k-space; gives magnitudes before the receiver's gain."""
    water, fat = signals
    margin, axis = margin_voxels(grid, protocol), protocol.phase_axis - 1
    cycles = rng.uniform(*GHOST_CYCLES)
    plan = plan_readout((grid.shape[1], grid.shape[2]), protocol, noise_sd, cycles, margin > 0)
    # One generator for each slice, or threads would race for the numbers.
    seeds = rng.integers(2**63, size=len(water))
    image = np.empty(grid.shape, dtype=np.float32)

    def fill(z: int) -> None:
        seen_water = fold(gains.apply(water[z], gains.water[z]), axis, margin)
        seen_fat = fold(gains.apply(fat[z], gains.fat[z]), axis, margin)
        image[z] = read_out(plan, seen_water, seen_fat, np.random.default_rng(seeds[z]))

    with ThreadPoolExecutor(workers) as pool:
        # Consumed, so that an exception of a thread is raised here.
        list(pool.map(fill, range(len(water))))
    return image


def _receiver_gain(image: FloatImage) -> float:
    """Gain that makes a percentile of the image the full scale; 1 for an empty image."""
    level = float(np.percentile(image, FULL_SCALE_PERCENTILE))
    return FULL_SCALE / level if level > 0 else 1.0


def _check(water: FloatImage, fat: FloatImage, rendered: ScanGrid, snr: float) -> None:
    for name, part in (("water", water), ("fat", fat)):
        if part.shape != rendered.shape:
            msg = (
                f"The {name} signal has the shape {part.shape}, but the rendered grid has "
                f"{rendered.shape}; render on the grid that rendered_grid gives."
            )
            raise ValueError(msg)
        # A sum in double precision is finite only if every value is.
        if not np.isfinite(part.sum(dtype=np.float64)):
            msg = f"The {name} signal holds values that are not finite; is the tissue map valid?"
            raise ValueError(msg)
    if snr <= 0:
        msg = f"The SNR must be above 0, got {snr}; infinity leaves out the noise."
        raise ValueError(msg)
