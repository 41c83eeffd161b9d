"""One slice through k-space: chemical shift, echo train, motion, truncation, filter and noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

from shoulderseg.datasets.phantom.scanner import kspace
from shoulderseg.datasets.phantom.scanner.relaxation import relaxation
from shoulderseg.datasets.phantom.scanner.signals import TURBO, fat_phase
from shoulderseg.datasets.phantom.structures import Material

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.scanner.protocol import Protocol

    FloatImage = npt.NDArray[np.float32]
    ComplexImage = npt.NDArray[np.complex64]


@dataclass(frozen=True)
class Readout:
    """What all slices of a scan share.

    Attributes:
        shape: Voxels of the image along (Y, X).
        phase_axis: Phase-encoded axis of a slice, 0 or 1.
        folded: Whether the phase axis is folded, which leaves no seam to close.
        water_factors: On the k-space of water, broadcasts to the shape of `window`.
        fat_factors: On the k-space of fat likewise.
        window: Acquired samples and their filter weights, in the order of the FFT.
        noise_sd: Of the real and of the imaginary part of an acquired sample.
        ghosting: Amplitude of a ghost.
        ghost_cycles: Cycles of the motion from line to line.
    """

    shape: tuple[int, int]
    phase_axis: int
    folded: bool
    water_factors: ComplexImage
    fat_factors: ComplexImage
    window: FloatImage
    noise_sd: float
    ghosting: float
    ghost_cycles: float


def plan_readout(
    shape: tuple[int, int], protocol: Protocol, noise_sd: float, ghost_cycles: float, folded: bool
) -> Readout:
    """Works out the factors of k-space.

    Args:
        shape: Voxels of the image along (Y, X).
        protocol: Acquired share, filter, echo train, bandwidth, ghosts.
        noise_sd: Of the real and of the imaginary part in the finished image; a magnitude image
            of noise alone has the mean `noise_sd` * sqrt(pi / 2).
        ghost_cycles: Cycles of the motion from line to line.
        folded: Whether the phase axis has been folded.

    Returns:
        The plan.

    Raises:
        ValueError: If the acquired share or the filter lies outside its range.
    """
    phase, frequency = protocol.phase_axis - 1, 2 - protocol.phase_axis
    rows, columns = (
        count if folded and axis == phase else kspace.seamed_length(count)
        for axis, count in enumerate(shape)
    )
    window = np.multiply.outer(
        *(
            kspace.acquired_window(count, share, protocol.kspace_taper)
            for count, share in zip((rows, columns), protocol.acquired_fraction, strict=True)
        )
    )
    # Zeros and filter take noise away, but the noise of the finished image is what is stated.
    kept = float(np.sqrt(np.mean(window.astype(np.float64) ** 2)))
    decays = _decays(window.shape[phase], protocol)
    ramp = kspace.shift_ramp(window.shape[frequency], kspace.fat_shift_voxels(protocol))
    ramp *= np.complex64(fat_phase(protocol))
    return Readout(
        shape=shape,
        phase_axis=phase,
        folded=folded,
        water_factors=np.expand_dims(decays[0], frequency),
        fat_factors=np.expand_dims(decays[1], frequency) * np.expand_dims(ramp, phase),
        window=window,
        noise_sd=noise_sd / kept,
        ghosting=protocol.ghosting,
        ghost_cycles=ghost_cycles,
    )


def read_out(
    plan: Readout, water: FloatImage, fat: FloatImage, rng: np.random.Generator
) -> FloatImage:
    """Takes a slice to k-space and back.

    Args:
        plan: From `plan_readout`.
        water: Water signal, shape (Y, X).
        fat: Fat signal, shape (Y, X).
        rng: Source of the noise and of the moment at which the motion is caught.

    Returns:
        Magnitude, shape (Y, X).
    """
    samples = _transform(plan, water) * plan.water_factors
    samples += _transform(plan, fat) * plan.fat_factors
    motion = kspace.motion_modulation(
        samples.shape[plan.phase_axis],
        plan.ghosting,
        plan.ghost_cycles,
        rng.uniform(0, 2 * np.pi),
    )
    samples *= np.expand_dims(motion, 1 - plan.phase_axis)
    noise = rng.standard_normal((*samples.shape, 2), dtype=np.float32)
    samples += np.float32(plan.noise_sd) * noise.view(np.complex64)[..., 0]
    samples *= plan.window
    image = fft.ifft2(samples, norm="ortho", overwrite_x=True)
    return np.abs(image[: plan.shape[0], : plan.shape[1]])


def _transform(plan: Readout, plane: FloatImage) -> ComplexImage:
    for axis in (0, 1):
        if not (plan.folded and axis == plan.phase_axis):
            plane = kspace.close_seam(plane, axis)
    samples: ComplexImage = fft.fft2(plane, norm="ortho")
    return samples


def _decays(count: int, protocol: Protocol) -> list[ComplexImage]:
    """Decay of water and of fat along the phase axis."""
    if protocol.sequence not in TURBO:
        return [np.ones(count, dtype=np.complex64)] * 2
    tissue = relaxation(protocol.field_t)
    # Muscle stands for all water: it makes up most of it, and meets the bone.
    times_ms = (float(tissue.t2_ms[Material.MUSCLE]), tissue.fat_t2_train_ms)
    share = protocol.acquired_fraction[protocol.phase_axis - 1]
    return [
        kspace.train_decay(count, share, protocol, time_ms).astype(np.complex64)
        for time_ms in times_ms
    ]
