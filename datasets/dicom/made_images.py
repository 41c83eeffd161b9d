"""Image types that scanners and viewers give to what they computed from other images."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Image types of what a computer made from other images.
_MADE = frozenset(
    {
        *("MPR", "CSA MPR", "REFORMATTED", "MIP", "MINIP", "PROJECTION IMAGE", "SUBTRACTION"),
        # The words of enhanced images.
        *("MAX_IP", "MIN_IP", "VOLUME_RENDER", "SURFACE_RENDER", "ADC"),
    }
)
# The same of a derived image; some scanners call ordinary images T1 MAP.
_MADE_IF_DERIVED = frozenset(
    {
        *("MAXIMUM", "MINIMUM", "MEAN", "STD_DEVIATION", "DIVISION", "FA"),
        *("T1 MAP", "T2 MAP", "T2_STAR MAP", "T1_MAP", "T2_MAP", "T2_STAR_MAP", "R2_MAP"),
        *("SUB", "M_SUB", "SUBTRACT", "RATIO"),
        # Diffusion, and contrast agent in time.
        *("TRACEW", "TRACE", "EXP", "EADC", "TENSOR", "PEI", "PBP", "GBP", "TTP", "MTT", "TCS"),
        *("RCBV", "RCBF", "RELCBV", "RELCBF", "RELMTT", "WASH_IN", "WASH_OUT", "PERFUSION"),
    }
)


def word_of_made(types: Sequence[str]) -> str:
    """Finds what says that an image was computed from others, as a subtraction or a map.

    Args:
        types: The values of ImageType in capitals.

    Returns:
        The first such value in the order of the alphabet; empty where none says so.
    """
    known = _MADE | (_MADE_IF_DERIVED if types[:1] == ["DERIVED"] else frozenset())
    return min(known & set(types), default="")
