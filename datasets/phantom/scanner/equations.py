"""The signal equations of spin echo, turbo spin echo, inversion recovery and gradient echo.

Each takes numbers or arrays that broadcast, times in ms, and gives the transverse magnetisation at
the echo in the units of the proton density. They are derived in Haacke et al., Magnetic Resonance
Imaging: Physical Principles and Sequence Design, and Bernstein et al., Handbook of MRI Pulse
Sequences.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# Of the methylene protons, the largest peak of fat.
FAT_SHIFT_PPM = 3.5
PROTON_MHZ_PER_T = 42.577


def spin_echo(
    density: npt.ArrayLike, t1_ms: npt.ArrayLike, t2_ms: npt.ArrayLike, tr_ms: float, te_ms: float
) -> FloatArray:
    """90-180 degree spin echo (Haacke et al., ch. 8).

    PD (1 - 2 exp(-(TR - TE/2) / T1) + exp(-TR / T1)) exp(-TE / T2): the refocusing pulse inverts
    what has grown back in TE/2.
    """
    t1, t2 = np.asarray(t1_ms, dtype=np.float64), np.asarray(t2_ms, dtype=np.float64)
    recovered = 1 - 2 * np.exp(-(tr_ms - te_ms / 2) / t1) + np.exp(-tr_ms / t1)
    return np.asarray(density * recovered * np.exp(-te_ms / t2))


def turbo_spin_echo(
    density: npt.ArrayLike,
    t1_ms: npt.ArrayLike,
    t2_ms: npt.ArrayLike,
    tr_ms: float,
    te_ms: float,
    train_ms: float,
) -> FloatArray:
    """Turbo spin echo at its effective echo time (Bernstein et al., ch. 16.4).

    PD (1 - exp(-(TR - train) / T1)) exp(-TE / T2): the refocusing pulses hold the longitudinal
    magnetisation near zero until the train ends.
    """
    t1, t2 = np.asarray(t1_ms, dtype=np.float64), np.asarray(t2_ms, dtype=np.float64)
    return np.asarray(density * (1 - np.exp(-(tr_ms - train_ms) / t1)) * np.exp(-te_ms / t2))


def inversion_recovery(
    density: npt.ArrayLike,
    t1_ms: npt.ArrayLike,
    t2_ms: npt.ArrayLike,
    tr_ms: float,
    te_ms: float,
    inversion_ms: float,
    train_ms: float,
) -> FloatArray:
    """Turbo spin echo after an inversion pulse (Bernstein et al., ch. 14.2).

    PD (1 - 2 exp(-TI / T1) + exp(-(TR - train) / T1)) exp(-TE / T2): after the train the
    magnetisation grows from zero for TR - TI - train, is inverted, and recovers for TI. Negative
    where it has not passed zero yet; an image shows the magnitude.
    """
    t1, t2 = np.asarray(t1_ms, dtype=np.float64), np.asarray(t2_ms, dtype=np.float64)
    inverted = 1 - 2 * np.exp(-inversion_ms / t1) + np.exp(-(tr_ms - train_ms) / t1)
    return np.asarray(density * inverted * np.exp(-te_ms / t2))


def nulling_inversion_ms(t1_ms: float, tr_ms: float, train_ms: float) -> float:
    """Inversion time at which `inversion_recovery` is zero.

    T1 ln(2 / (1 + exp(-(TR - train) / T1))), so T1 ln 2 for a long repetition time; Bydder & Young,
    J Comput Assist Tomogr 1985;9:659-675.
    """
    return float(t1_ms * np.log(2 / (1 + np.exp(-(tr_ms - train_ms) / t1_ms))))


def spoiled_gradient_echo(
    density: npt.ArrayLike,
    t1_ms: npt.ArrayLike,
    t2star_ms: npt.ArrayLike,
    tr_ms: float,
    te_ms: float,
    flip_deg: float,
) -> FloatArray:
    """Spoiled gradient echo in its steady state (Ernst & Anderson, Rev Sci Instrum 1966;37:93).

    PD sin(a) (1 - E1) / (1 - cos(a) E1) exp(-TE / T2*), with E1 = exp(-TR / T1).
    """
    t1, t2star = np.asarray(t1_ms, dtype=np.float64), np.asarray(t2star_ms, dtype=np.float64)
    kept = np.exp(-tr_ms / t1)
    angle = np.deg2rad(flip_deg)
    steady = np.sin(angle) * (1 - kept) / (1 - np.cos(angle) * kept)
    return np.asarray(density * steady * np.exp(-te_ms / t2star))


def fat_offset_hz(field_t: float) -> float:
    """How much slower fat precesses than water."""
    return FAT_SHIFT_PPM * PROTON_MHZ_PER_T * field_t


def opposed_te_ms(field_t: float) -> float:
    """First time after the excitation at which fat and water point opposite ways."""
    return 500 / fat_offset_hz(field_t)
