"""Factors on the rows and columns of k-space: its extent, decay, motion and chemical shift.

All act along one axis and are in the order of the FFT, zero frequency first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

from shoulderseg.datasets.phantom.scanner.equations import fat_offset_hz

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.scanner.protocol import Protocol

# Voxels over which the two ends of an axis are joined.
SEAM = 12


def acquired_window(count: int, fraction: float, taper: float = 0.0) -> npt.NDArray[np.float32]:
    """Tells which samples of an axis were acquired, and how a filter weighs them.

    Args:
        count: Samples of the zero-filled axis.
        fraction: Share of them that was acquired, around zero frequency; at least one.
        taper: Share of the acquired extent over which a raised cosine falls to zero (a Tukey
            window); 0 for none.

    Returns:
        Weights from 0 to 1, shape (count,).

    Raises:
        ValueError: If the fraction lies outside (0, 1] or the taper outside [0, 1].
    """
    if not (0 < fraction <= 1 and 0 <= taper <= 1):
        msg = (
            "The acquired share of k-space must lie in (0, 1] and its taper in [0, 1], got "
            f"{fraction} and {taper}."
        )
        raise ValueError(msg)
    acquired = max(1, round(fraction * count))
    order = np.rint(fft.fftfreq(count, 1 / count))
    # With an even number of samples the one at the edge has no partner on the other side.
    inside = (order >= -(acquired // 2)) & (order < acquired - acquired // 2)
    edge = np.abs(order) / (acquired / 2)
    falling = np.clip((edge - (1 - taper)) / max(taper, 1e-9), 0, 1)
    return np.asarray(inside * (1 + np.cos(np.pi * falling)) / 2, dtype=np.float32)


def train_decay(
    count: int, fraction: float, protocol: Protocol, t2_ms: float
) -> npt.NDArray[np.float32]:
    """Gives the T2 decay along the phase axis of a turbo spin echo, which blurs it.

    The effective echo fills the middle of k-space and later ones its outside on both sides; the
    order of real trains is not always so plain.

    Args:
        count: Samples of the zero-filled phase axis.
        fraction: Share of them that was acquired.
        protocol: Echo time, spacing and train.
        t2_ms: Of what decays.

    Returns:
        Factors of at most 1, 1 at zero frequency, shape (count,).
    """
    last_ms = protocol.echo_spacing_ms * protocol.echo_train
    later_ms = max(last_ms - protocol.te_ms, 0.0)
    outward = np.clip(np.abs(fft.fftfreq(count)) / (fraction / 2), 0, 1)
    return np.asarray(np.exp(-outward * later_ms / t2_ms), dtype=np.float32)


def shift_ramp(count: int, voxels: float) -> npt.NDArray[np.complex64]:
    """Gives the linear phase that moves an image along one axis (Fourier shift theorem).

    Args:
        count: Samples of the axis.
        voxels: Distance, towards higher indices if positive.

    Returns:
        Factors of modulus 1, shape (count,).
    """
    return np.asarray(np.exp(-2j * np.pi * fft.fftfreq(count) * voxels), dtype=np.complex64)


def fat_shift_voxels(protocol: Protocol) -> float:
    """Gives how far fat lands from water along the frequency axis of the reconstructed image.

    Fat precesses slower, so that the readout gradient places it lower: towards the first voxel, or
    towards the last if the gradient is reversed.

    Args:
        protocol: Field, bandwidth and acquired share of the frequency axis. The water and fat
            images of Dixon are put in register by the reconstruction.

    Returns:
        Reconstructed voxels, negative towards the first voxel.
    """
    if protocol.sequence in ("dixon-water", "dixon-fat"):
        return 0.0
    acquired_pixels = fat_offset_hz(protocol.field_t) / protocol.bandwidth_hz
    lower = 1 if protocol.readout_reversed else -1
    return lower * acquired_pixels / protocol.acquired_fraction[2 - protocol.phase_axis]


def motion_modulation(
    count: int, amplitude: float, cycles_per_line: float, phase: float
) -> npt.NDArray[np.complex64]:
    """Gives what regular motion does to the phase-encoded lines.

    exp(2i a sin(2 pi f k + phase)) turns the phase of line k, as moving to and fro does. By its
    Bessel series it adds copies moved by f times the field of view to either side, with the
    amplitude J1(2a), about a (Haacke & Patrick, Magn Reson Imaging 1986;4:349-360).

    Args:
        count: Lines of the zero-filled phase axis.
        amplitude: Of one ghost, relative to the image.
        cycles_per_line: Of the motion between two lines.
        phase: Of the motion at the middle of k-space, in radians.

    Returns:
        Factors of modulus 1, shape (count,).
    """
    line = fft.fftfreq(count, 1 / count)
    turns = np.sin(2 * np.pi * cycles_per_line * line + phase)
    return np.asarray(np.exp(2j * amplitude * turns), dtype=np.complex64)


def seamed_length(count: int) -> int:
    """Gives the length to which `close_seam` brings an axis: one that the FFT handles quickly."""
    return int(fft.next_fast_len(count + SEAM))


def close_seam(plane: npt.NDArray[np.float32], axis: int) -> npt.NDArray[np.float32]:
    """Lengthens an axis so that its end leads smoothly back to its start.

    The FFT repeats the image; without this a bright edge of the field of view would ring into the
    opposite one, where a scanner's readout filter lets nothing through.

    Args:
        plane: Shape (Y, X).
        axis: To lengthen.

    Returns:
        The plane with at least `SEAM` voxels appended, `seamed_length` in all.
    """
    count = plane.shape[axis]
    added = seamed_length(count) - count
    shape = [1, 1]
    shape[axis] = added
    towards = ((np.arange(added) + 1) / (added + 1)).reshape(shape).astype(np.float32)
    last, first = np.take(plane, [-1], axis), np.take(plane, [0], axis)
    return np.concatenate([plane, last + towards * (first - last)], axis)
