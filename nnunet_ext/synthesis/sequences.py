"""Signal equations of the sequences that show shoulders, from 0.2 to 3 T, with random timing.

The equations are derived in Haacke et al., Magnetic Resonance Imaging: Physical Principles and
Sequence Design, and Bernstein et al., Handbook of MRI Pulse Sequences.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from shoulderseg.nnunet_ext.synthesis.draws import log_uniform, normal, uniform
from shoulderseg.nnunet_ext.synthesis.variation import Range

SEQUENCES = ("t1-se", "pd-tse", "t2-tse", "t1-fs", "pd-fs", "t2-fs", "stir", "gre")
# STIR comes three times as often as each other: of all sequences it is missed most.
_DRAWN = (*SEQUENCES, "stir", "stir")
FAT_SATURATED = frozenset({"t1-fs", "pd-fs", "t2-fs"})
_SPIN_ECHOES = ("t1-se", "t1-fs")
# Below it the lines of fat and water are too near each other to saturate one of them.
_LEAST_SATURATED_T = 1.0
# Ranges that published and vendors' protocols use, low field among them; this project's choice.
_TR_MS: dict[str, Range] = {
    "t1-se": (350, 800),
    "t1-fs": (400, 800),
    "pd-tse": (1800, 4500),
    "t2-tse": (2500, 6000),
    "pd-fs": (1800, 4500),
    "t2-fs": (2500, 6000),
    "stir": (1500, 6000),
    "gre": (20, 700),
}
_TE_MS: dict[str, Range] = {
    "t1-se": (8, 26),
    "t1-fs": (8, 20),
    "pd-tse": (10, 48),
    "t2-tse": (60, 120),
    "pd-fs": (20, 50),
    "t2-fs": (45, 90),
    "stir": (15, 70),
    "gre": (4, 22),
}
_TRAIN_MS: Range = (50, 180)
_FLIP_DEG: Range = (12, 70)
# How far the inversion time is off the one that nulls fat.
_INVERSION_ERROR = 0.12
# Relaxation times are given at this field strength.
TABLE_FIELD_T = 1.5
# T1 of tissue grows with the field (Bottomley et al., Med Phys 1984;11:425-448), T1 of fluid
# hardly.
_T1_POWER, _FAT_T1_POWER = 0.33, 0.2
_FLUID_T1_MS = 2000.0
_FAT_SHIFT_PPM, _PROTON_MHZ_PER_T = 3.5, 42.577


@dataclass(frozen=True)
class Protocol:
    """A sequence with its timing.

    Attributes:
        sequence: One of `SEQUENCES`.
        field_t: Field strength.
        tr_ms: Repetition time.
        te_ms: (Effective) echo time.
        ti_ms: Inversion time; used by STIR alone.
        train_ms: Length of a train of echoes.
        flip_deg: Excitation angle; used by gradient echoes alone.
    """

    sequence: str
    field_t: float
    tr_ms: float
    te_ms: float
    ti_ms: float
    train_ms: float
    flip_deg: float


def draw_protocol(field_t: Range, fat_t1_ms: float, generator: torch.Generator) -> Protocol:
    """Draws a sequence and its timing.

    Args:
        field_t: Range of field strengths; fat is saturated from 1 T on alone, where it has such.
        fat_t1_ms: Of fat at 1.5 T; STIR inverts so that it is (about) nulled.
        generator: On the CPU.

    Returns:
        The protocol.
    """
    sequence = _DRAWN[int(torch.randint(len(_DRAWN), (), generator=generator))]
    least, most = field_t
    if sequence in FAT_SATURATED:
        least = min(max(least, _LEAST_SATURATED_T), most)
    field = log_uniform(least, most, generator)
    tr_ms = uniform(*_TR_MS[sequence], generator)
    te_ms = uniform(*_TE_MS[sequence], generator)
    fat_t1 = fat_t1_ms * (field / TABLE_FIELD_T) ** _FAT_T1_POWER
    # 1 - 2 exp(-TI / T1) + exp(-TR / T1) = 0
    null_ms = fat_t1 * (math.log(2) - math.log1p(math.exp(-tr_ms / fat_t1)))
    return Protocol(
        sequence=sequence,
        field_t=field,
        tr_ms=tr_ms,
        te_ms=te_ms,
        ti_ms=null_ms * math.exp(normal(0, _INVERSION_ERROR, generator)),
        train_ms=uniform(*_TRAIN_MS, generator),
        flip_deg=uniform(*_FLIP_DEG, generator),
    )


def water_and_fat(tissue: Mapping[str, Tensor], protocol: Protocol) -> tuple[Tensor, Tensor]:
    """Gives the signals of water and of fat.

    Args:
        tissue: Densities and relaxation times at 1.5 T, by name, as composition metadata have
            them; tensors of one shape.
        protocol: Sequence, timing and field strength.

    Returns:
        Two tensors of that shape, in units of the density; those of STIR may be negative.
    """
    ratio = protocol.field_t / TABLE_FIELD_T
    t1 = tissue["t1_ms"]
    t1 = torch.where(t1 < _FLUID_T1_MS, t1 * ratio**_T1_POWER, t1)
    fat_t1 = tissue["fat_t1_ms"] * ratio**_FAT_T1_POWER
    if protocol.sequence == "gre":
        t2 = _t2star(tissue["t2_ms"], tissue["t2star_ms"], ratio)
        fat_t2 = _t2star(tissue["fat_t2_single_ms"], tissue["fat_t2star_ms"], ratio)
    else:
        t2 = tissue["t2_ms"]
        single = protocol.sequence in _SPIN_ECHOES
        fat_t2 = tissue["fat_t2_single_ms" if single else "fat_t2_train_ms"]
    water = tissue["water_density"] * _recovered(t1, protocol) * torch.exp(-protocol.te_ms / t2)
    fat = tissue["fat_density"] * _recovered(fat_t1, protocol) * torch.exp(-protocol.te_ms / fat_t2)
    return water, fat


def fat_phase(protocol: Protocol) -> complex:
    """Gives the factor of fat when it is added to water: they drift apart in a gradient echo."""
    if protocol.sequence != "gre":
        return 1.0
    turns = _FAT_SHIFT_PPM * _PROTON_MHZ_PER_T * protocol.field_t * protocol.te_ms / 1000
    return complex(math.cos(2 * math.pi * turns), -math.sin(2 * math.pi * turns))


def _recovered(t1_ms: Tensor, protocol: Protocol) -> Tensor:
    """Share of the magnetisation that a sequence brings to its echo before T2 decay."""
    tr, te = protocol.tr_ms, protocol.te_ms
    if protocol.sequence == "gre":
        # Ernst & Anderson, Rev Sci Instrum 1966;37:93.
        kept = torch.exp(-tr / t1_ms)
        angle = math.radians(protocol.flip_deg)
        return math.sin(angle) * (1 - kept) / (1 - math.cos(angle) * kept)
    if protocol.sequence == "stir":
        return 1 - 2 * torch.exp(-protocol.ti_ms / t1_ms) + torch.exp(-tr / t1_ms)
    if protocol.sequence in _SPIN_ECHOES:
        # The refocusing pulse inverts what has grown back in half the echo time.
        return 1 - 2 * torch.exp(-(tr - te / 2) / t1_ms) + torch.exp(-tr / t1_ms)
    return 1 - torch.exp(-(tr - protocol.train_ms) / t1_ms)


def _t2star(t2_ms: Tensor, t2star_ms: Tensor, ratio: float) -> Tensor:
    """The field's unevenness grows with the field."""
    uneven = (1 / t2star_ms - 1 / t2_ms).clamp_min(0)
    return 1 / (1 / t2_ms + uneven * ratio)
