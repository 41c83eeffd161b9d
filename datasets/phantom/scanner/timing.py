"""Ranges of timing and bandwidth from which the settings of a sequence are drawn.

They span what published and vendors' shoulder protocols at 1.5 T and 3 T use; the limits are this
project's choice. TE of a turbo spin echo is rounded to an echo of its train.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shoulderseg.datasets.phantom.scanner.equations import nulling_inversion_ms, opposed_te_ms
from shoulderseg.datasets.phantom.scanner.relaxation import is_low_field, relaxation

if TYPE_CHECKING:
    import numpy as np

    from shoulderseg.datasets.phantom.scanner.protocol import Plane, Sequence

Range = tuple[float, float]


class Ranges(NamedTuple):
    """Limits of uniform distributions.

    Attributes:
        tr_ms: Repetition time.
        te_ms: (Effective) echo time; unused where the field strength sets it.
        flip_deg: Excitation angle.
        bandwidth_hz: Per pixel at 1.5 T; a scanner at 3 T uses 1.4 times as much against the
            larger chemical shift.
        snr: Of muscle (of fat in a fat image), before any artefact.
        echo_spacing_ms: Of a train.
        echo_train: Smallest and largest number of echoes.
    """

    tr_ms: Range
    te_ms: Range
    flip_deg: Range
    bandwidth_hz: Range
    snr: Range
    echo_spacing_ms: Range = (0, 0)
    echo_train: tuple[int, int] = (1, 1)


class Timing(NamedTuple):
    """Drawn settings, as `Protocol` has them."""

    tr_ms: float
    te_ms: float
    flip_deg: float
    bandwidth_hz: float
    snr: float
    echo_spacing_ms: float
    echo_train: int
    inversion_ms: float


_DIXON = Ranges((5.5, 9), (0, 0), (8, 13), (450, 800), (12, 30))
RANGES: dict[Sequence, Ranges] = {
    "t1-se": Ranges((400, 700), (8, 18), (90, 90), (110, 220), (14, 35)),
    "pd-tse": Ranges((2200, 4000), (15, 45), (90, 90), (130, 260), (14, 40), (8, 13), (5, 9)),
    "pd-fs": Ranges((2200, 4500), (25, 48), (90, 90), (130, 260), (12, 35), (8, 13), (5, 9)),
    "t2-tse": Ranges((2800, 5000), (60, 100), (90, 90), (130, 260), (5, 14), (8, 12), (12, 18)),
    "t2-fs": Ranges((2800, 5000), (50, 80), (90, 90), (130, 260), (5, 14), (8, 12), (10, 16)),
    "stir": Ranges((2500, 5500), (15, 50), (90, 90), (130, 260), (6, 20), (8, 13), (5, 10)),
    "gre": Ranges((300, 600), (6, 18), (20, 35), (120, 300), (10, 30)),
    "dixon-water": _DIXON,
    "dixon-fat": _DIXON,
    "dixon-in": _DIXON,
    "dixon-out": _DIXON,
}
# A volume is excited as a whole and again after every line: its repetition time is short.
_VOLUME_GRE = Ranges((16, 30), (5, 11), (10, 20), (150, 350), (8, 22))
VOLUME_TR_SHARE = 0.45
BANDWIDTH_AT_3_T = 1.4
# Weak magnets read slowly against the noise, and are noisy all the same.
BANDWIDTH_AT_LOW_FIELD = 0.35
SNR_AT_LOW_FIELD: Range = (0.35, 0.9)
# How far the inversion time is off the null of fat: scanners offer rounded values.
INVERSION_SPREAD: Range = (0.93, 1.07)


def draw_timing(
    sequence: Sequence, plane: Plane, field_t: float, rng: np.random.Generator
) -> Timing:
    """Draws the timing of a sequence.

    Args:
        sequence: Kind of contrast.
        plane: Slices, or a volume with its shorter repetition times.
        field_t: Field strength, which sets the echo times of Dixon and scales the bandwidth.
        rng: Source of randomness.

    Returns:
        The settings.
    """
    volume = plane == "isotropic"
    ranges = _VOLUME_GRE if volume and sequence == "gre" else RANGES[sequence]
    tr_ms, te_ms = rng.uniform(*ranges.tr_ms), rng.uniform(*ranges.te_ms)
    spacing_ms = rng.uniform(*ranges.echo_spacing_ms)
    train = int(rng.integers(*ranges.echo_train, endpoint=True))
    if train > 1:
        echo = max(1, round(te_ms / spacing_ms))
        te_ms, train = echo * spacing_ms, max(train, echo)
        tr_ms *= VOLUME_TR_SHARE if volume else 1
    elif sequence == "dixon-out":
        te_ms = opposed_te_ms(field_t)
    elif sequence.startswith("dixon"):
        te_ms = 2 * opposed_te_ms(field_t)
    low = is_low_field(field_t)
    wider = BANDWIDTH_AT_LOW_FIELD if low else BANDWIDTH_AT_3_T if field_t > 2 else 1
    bandwidth_hz, flip_deg = (
        rng.uniform(*ranges.bandwidth_hz) * wider,
        rng.uniform(*ranges.flip_deg),
    )
    snr, weakened, off = (
        rng.uniform(*limits) for limits in (ranges.snr, SNR_AT_LOW_FIELD, INVERSION_SPREAD)
    )
    null_ms = nulling_inversion_ms(relaxation(field_t).fat_t1_ms, tr_ms, spacing_ms * train)
    return Timing(
        tr_ms=tr_ms,
        te_ms=te_ms,
        flip_deg=flip_deg,
        bandwidth_hz=bandwidth_hz,
        snr=snr * weakened if low else snr,
        echo_spacing_ms=spacing_ms if train > 1 else 0.0,
        echo_train=train,
        inversion_ms=null_ms * off if sequence == "stir" else 0.0,
    )
