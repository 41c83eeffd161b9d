"""The water and fat signal of every material and structure under a protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.phantom.scanner.equations import (
    fat_offset_hz,
    inversion_recovery,
    spin_echo,
    spoiled_gradient_echo,
    turbo_spin_echo,
)
from shoulderseg.datasets.phantom.scanner.protocol import SEQUENCES
from shoulderseg.datasets.phantom.scanner.relaxation import FIELDS_T, is_low_field, relaxation
from shoulderseg.datasets.phantom.structures import COMPOSITION, Material, Structure

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.scanner.protocol import Protocol, Sequence
    from shoulderseg.datasets.phantom.scanner.relaxation import Relaxation

TURBO = frozenset({"pd-tse", "pd-fs", "t2-tse", "t2-fs", "stir"})
FAT_SATURATED = frozenset({"pd-fs", "t2-fs"})
GRADIENT_ECHO = frozenset({"gre", "dixon-water", "dixon-fat", "dixon-in", "dixon-out"})
# They tell fat from water by a shift that is some 50 Hz at a low field.
NEEDS_HIGH_FIELD = FAT_SATURATED | (GRADIENT_ECHO - {"gre"})

# Share of the water signal that multi-slice turbo spin echo loses, since the refocusing pulses of
# the other slices saturate protons bound to macromolecules (Melki & Mulkern, Magn Reson Med 1992;
# 24:189-195). The numbers are estimates within the range of published transfer ratios.
TRANSFER_LOSS = {
    Material.MUSCLE: 0.20,
    Material.CARTILAGE: 0.15,
    Material.FIBROCARTILAGE: 0.15,
    Material.TENDON: 0.15,
    Material.LIGAMENT: 0.15,
    Material.SKIN: 0.10,
    Material.NERVE: 0.10,
}
# How much of it there is in conventional spin echo. An estimate: pulses are about as many a second
# there, but with all of it muscle would be darker than fluid on T1.
SINGLE_ECHO_SHARE = 0.5
# Share of the signal that blood keeps in a spin echo: it leaves the slice before the refocusing
# pulse; estimates for fast flow in an artery and slow flow in a vein.
ARTERY_KEEPS = 0.05
VEIN_KEEPS = 0.5
# Share of the blood that enters a slab fresh; a slice is filled with it. Dixon excites slabs.
SLAB_FRESH = 0.3


def material_signals(protocol: Protocol) -> npt.NDArray[np.float32]:
    """Gives the signal of each material before any artefact.

    Fat saturation is not applied: it fails differently from place to place, so that `acquire`
    does it. The images of two-point Dixon are those of Dixon, Radiology 1984;153:189-194: half
    the sum and half the difference of both echoes, so that T2* decay between them leaks a
    little (negative) water into the fat image.

    Args:
        protocol: Sequence, timing and field strength.

    Returns:
        Shape (len(Material), 2): signal of the water and of the fat in a voxel full of the
        material, in units of the magnetisation of water. `fat_phase` tells how the two add up.

    Raises:
        ValueError: If the sequence or field strength is unknown, or the echo (train) does not fit
            into the repetition time.
    """
    _check_timing(protocol)
    if protocol.sequence not in ("dixon-water", "dixon-fat"):
        signals = _echo(protocol, protocol.te_ms)
    else:
        inward, opposed = _echo(protocol, protocol.te_ms), _echo(protocol, protocol.te_ms / 2)
        # Water counts positive in both echoes, fat turns its sign in the second.
        opposed *= (1, -1)
        sign = 1 if protocol.sequence == "dixon-water" else -1
        signals = (inward + sign * opposed) / 2
    return signals.astype(np.float32)


def structure_signals(protocol: Protocol) -> npt.NDArray[np.float32]:
    """Gives the signal of each structure at both ends of its composition.

    Args:
        protocol: Sequence, timing and field strength.

    Returns:
        Shape (256, 2, 2), indexed by the value in the tissue map, the end of `COMPOSITION`, and
        water or fat. Values that no structure has are NaN, so that a wrong map shows.

    Raises:
        ValueError: As `material_signals` does.
    """
    signals = material_signals(protocol)
    table = np.full((256, 2, 2), np.nan, dtype=np.float32)
    for structure, ends in COMPOSITION.items():
        table[structure] = signals[list(ends)]
    if protocol.sequence not in GRADIENT_ECHO:
        table[Structure.VEIN] *= VEIN_KEEPS / ARTERY_KEEPS
    return table


def fat_phase(protocol: Protocol) -> complex:
    """Gives the factor of the fat signal when it is added to the water signal.

    A spin echo brings both together; in a gradient echo they drift apart until the echo.

    Args:
        protocol: Sequence, echo time and field strength.

    Returns:
        A number of modulus 1.
    """
    if protocol.sequence == "dixon-out":
        return -1
    if protocol.sequence != "gre":
        return 1
    turns = fat_offset_hz(protocol.field_t) * protocol.te_ms / 1000
    return complex(np.exp(-2j * np.pi * turns))


def reference_signal(protocol: Protocol) -> float:
    """Gives the signal to which the SNR of a protocol refers.

    Args:
        protocol: Sequence, timing and field strength.

    Returns:
        The magnitude of muscle, or that of fat in a fat image, where muscle has none.

    Raises:
        ValueError: As `material_signals` does.
    """
    material = Material.FAT if protocol.sequence == "dixon-fat" else Material.MUSCLE
    water, fat = material_signals(protocol)[material]
    if protocol.sequence in FAT_SATURATED:
        return float(water)
    return float(abs(water + fat * fat_phase(protocol)))


def _echo(protocol: Protocol, te_ms: float) -> npt.NDArray[np.float64]:
    """Signal of water and fat at one echo time, shape (len(Material), 2)."""
    tissue = relaxation(protocol.field_t)
    tr_ms, water_density, fat_density = protocol.tr_ms, tissue.water_density, tissue.fat_density
    if protocol.sequence in GRADIENT_ECHO:
        angle = protocol.flip_deg
        water = spoiled_gradient_echo(
            water_density, tissue.t1_ms, tissue.t2star_ms, tr_ms, te_ms, angle
        )
        fat = spoiled_gradient_echo(
            fat_density, tissue.fat_t1_ms, tissue.fat_t2star_ms, tr_ms, te_ms, angle
        )
        # Blood that flows in has not felt the pulses before: as if it had had all time to recover.
        slab = protocol.plane == "isotropic" or protocol.sequence != "gre"
        fresh = water_density * np.sin(np.deg2rad(angle)) * np.exp(-te_ms / tissue.t2star_ms)
        share = SLAB_FRESH if slab else 1
        water[Material.BLOOD] += share * (fresh - water)[Material.BLOOD]
        return np.stack([water, fat], axis=1)
    if protocol.sequence in TURBO:
        water, fat = _train(protocol, tissue, te_ms)
    else:
        t2_fat_ms = tissue.fat_t2_single_ms
        water = spin_echo(water_density, tissue.t1_ms, tissue.t2_ms, tr_ms, te_ms)
        fat = spin_echo(fat_density, tissue.fat_t1_ms, t2_fat_ms, tr_ms, te_ms)
    # A volume is excited as a whole: there are no other slices whose pulses saturate it.
    if protocol.plane != "isotropic":
        share = 1.0 if protocol.sequence in TURBO else SINGLE_ECHO_SHARE
        for material, loss in TRANSFER_LOSS.items():
            water[material] *= 1 - share * loss
    water[Material.BLOOD] *= ARTERY_KEEPS
    return np.stack([water, fat], axis=1)


def _train(
    protocol: Protocol, tissue: Relaxation, te_ms: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Signal of water and of fat at an echo of a train, each (len(Material),)."""
    tr_ms, train_ms = protocol.tr_ms, protocol.echo_spacing_ms * protocol.echo_train
    parts = (
        (tissue.water_density, tissue.t1_ms, tissue.t2_ms),
        (tissue.fat_density, tissue.fat_t1_ms, tissue.fat_t2_train_ms),
    )
    if protocol.sequence == "stir":
        delay_ms = protocol.inversion_ms
        water, fat = (
            inversion_recovery(density, t1_ms, t2_ms, tr_ms, te_ms, delay_ms, train_ms)
            for density, t1_ms, t2_ms in parts
        )
    else:
        water, fat = (
            turbo_spin_echo(density, t1_ms, t2_ms, tr_ms, te_ms, train_ms)
            for density, t1_ms, t2_ms in parts
        )
    return water, fat


def possible_sequences(field_t: float | None) -> tuple[Sequence, ...]:
    """Gives the sequences that can be done at a field strength, all if it is open."""
    if field_t is None or not is_low_field(field_t):
        return SEQUENCES
    return tuple(name for name in SEQUENCES if name not in NEEDS_HIGH_FIELD)


def check_sequence_at_field(sequence: Sequence, field_t: float) -> None:
    """Refuses what tells fat from water by their frequencies where these lie too close.

    Raises:
        ValueError: If the sequence cannot be done at the field strength.
    """
    if sequence in NEEDS_HIGH_FIELD and is_low_field(field_t):
        msg = (
            f"{sequence} tells fat from water by their frequencies, which lie "
            f"{fat_offset_hz(field_t):.0f} Hz apart at {field_t} T; take stir, or {FIELDS_T[0]} T."
        )
        raise ValueError(msg)


def _check_timing(protocol: Protocol) -> None:
    if protocol.sequence not in SEQUENCES:
        msg = f"Unknown sequence {protocol.sequence!r}; choose one of {', '.join(SEQUENCES)}."
        raise ValueError(msg)
    check_sequence_at_field(protocol.sequence, protocol.field_t)
    train_ms = protocol.echo_spacing_ms * protocol.echo_train
    last_ms = protocol.inversion_ms + max(protocol.te_ms, train_ms)
    if not (0 <= protocol.te_ms <= last_ms < protocol.tr_ms and protocol.inversion_ms >= 0):
        msg = (
            f"The last echo comes at {last_ms:g} ms, which must lie between 0 and the repetition "
            f"time of {protocol.tr_ms:g} ms."
        )
        raise ValueError(msg)
