"""Why a measure is not given."""

from __future__ import annotations


class RefusedError(ValueError):
    """Raised where something cannot be measured; the message says what was found and expected."""
