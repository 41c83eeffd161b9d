"""Which shoulder an image shows: what the image says, and what the user does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from shoulderseg.workflows.inputs.case_input import CaseInput

SIDES = ("left", "right")
# Of these the front follows from the header's axes alone.
AXES = "axes"
# What may say it.
BY_IMAGE, BY_OPTION, BY_AXES = "image", "option --side", "header's axes"


class Side(NamedTuple):
    """Which shoulder it is.

    Attributes:
        side: left or right; axes where the header's axes tell it; empty where nothing does.
        doubt: why it is not known although somebody says it; else empty.
        source: what says it, the image, the option or the header's axes; empty where nothing does.
    """

    side: str
    doubt: str = ""
    source: str = ""


def given_side(given: str) -> Side:
    """The side that an option says, of images that say nothing."""
    return Side(given, source={"": "", AXES: BY_AXES}.get(given, BY_OPTION))


def settle_side(series: Sequence[CaseInput], given: str = "") -> Side:
    """Takes the side that images say, or where they say nothing the one that is given.

    Args:
        series: images of one shoulder.
        given: left, right or axes; empty for what the images say alone.

    Returns:
        The side; none where the images contradict each other, or what is given.
    """
    found = [str(source.about.get("side", "")) for source in series]
    said = [side if side in SIDES else "" for side in found]
    against = sorted({side for side in said if side and side != given})
    if given in SIDES and against:
        images = "images say" if len(series) > 1 else "image says"
        return Side("", f"the side is given as {given}, and the {images} {' and '.join(against)}")
    # One series of an examination speaks for those that say nothing.
    known = {side for side in said if side}
    if not known:
        return given_side(given)
    return Side(known.pop(), source=BY_IMAGE) if len(known) == 1 else Side("")


def check_side(given: str) -> None:
    """Refuses what is no side.

    Raises:
        ValueError: if it is none of left, right, axes and nothing.
    """
    if given not in ("", AXES, *SIDES):
        msg = f"side is {given!r}, expected left, right or axes, or nothing where it is not known"
        raise ValueError(msg)
