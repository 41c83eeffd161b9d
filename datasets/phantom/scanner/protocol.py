"""What a scan was set to: sequence, timing, resolution, and which artefacts it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Sequence = Literal[
    "t1-se",
    "pd-tse",
    "pd-fs",
    "t2-tse",
    "t2-fs",
    "stir",
    "gre",
    "dixon-water",
    "dixon-fat",
    "dixon-in",
    "dixon-out",
]
Plane = Literal["coronal", "sagittal", "axial", "isotropic"]

SEQUENCES: tuple[Sequence, ...] = get_args(Sequence)
PLANES: tuple[Plane, ...] = get_args(Plane)


@dataclass(frozen=True)
class Protocol:
    """The settings of one scan.

    Attributes:
        sequence: Kind of contrast.
        plane: Slice orientation: oblique coronal (along the scapula), oblique sagittal (along the
            glenoid), axial, or an isotropic volume (stored as oblique coronal slices).
        field_t: Field strength in tesla.
        tr_ms: Repetition time.
        te_ms: (Effective) echo time.
        flip_deg: Excitation angle.
        echo_spacing_ms: Between echoes of a turbo spin echo train; 0 for other sequences.
        shape: Voxels of the reconstructed image along (Z, Y, X).
        spacing_mm: Of the reconstructed image along (Z, Y, X); Z includes the gap.
        thickness_mm: Of one slice.
        acquired_fraction: Share of k-space rows and columns (Y, X) that was acquired; the rest is
            zero-filled.
        phase_axis: In-plane array axis that is phase-encoded: 1 for Y, 2 for X.
        bandwidth_hz: Per pixel of the acquired matrix, along the frequency axis.
        snr: Of muscle in the middle of the coil, before any artefact.
        fat_saturation_failure: Share of the fat signal that fat saturation leaves, on average
            over the image; 0 is perfect.
        bias_strength: Relative amplitude of a smooth shading left by the scanner.
        coil_falloff: 0 for a body coil, 1 for a surface coil without any correction.
        ghosting: Amplitude of motion ghosts relative to the image.
        wrap_fraction: Width of the object beyond the field of view that folds back along the
            phase axis, as a share of the field of view on each side; 0 for no fold.
        echo_train: Echoes of a turbo spin echo train; 1 for other sequences.
        kspace_taper: Share of the acquired k-space, on each axis, over which a raised cosine takes
            the signal to zero against ringing; 0 for no filter.
        readout_reversed: Whether fat, of lower frequency, lands towards the last voxel along the
            frequency axis instead of the first.
        inversion_ms: From the inversion pulse of STIR to its excitation; 0 for other sequences.
        blank_fraction: Share of rows and of columns (Y, X), on each side, that lies outside the
            acquired field of view and is black.
    """

    sequence: Sequence
    plane: Plane
    field_t: float
    tr_ms: float
    te_ms: float
    flip_deg: float
    echo_spacing_ms: float
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    thickness_mm: float
    acquired_fraction: tuple[float, float]
    phase_axis: int
    bandwidth_hz: float
    snr: float
    fat_saturation_failure: float
    bias_strength: float
    coil_falloff: float
    ghosting: float
    wrap_fraction: float
    echo_train: int = 1
    kspace_taper: float = 0.0
    readout_reversed: bool = False
    inversion_ms: float = 0.0
    blank_fraction: tuple[float, float] = (0.0, 0.0)
