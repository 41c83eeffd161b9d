"""Why a measure is not given."""

from __future__ import annotations


class RefusedError(ValueError):
    """Raised where something cannot be measured; the message says what was found and expected."""


def told(value: float, *limits: float) -> str:
    """A value with so many digits that it does not look like a limit it is beyond.

    Args:
        value: What was found.
        limits: What was expected.

    Returns:
        At least one digit after the point, at most six.
    """
    for digits in range(1, 6):
        text = f"{value:.{digits}f}"
        if float(text) not in limits:
            return text
    return f"{value:.6f}"
