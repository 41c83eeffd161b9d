"""JSON that may stand inside a page: whatever a file brought in stays text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

# With these nothing in a string can end a script element or begin a comment in it.
_MARKUP = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}


def script_json(value: Any) -> str:  # noqa: ANN401
    r"""Writes plain values as JSON in ASCII, without any sign of markup.

    Args:
        value: plain values; NaN and infinity become null.

    Example:
        >>> script_json(["</script>", float("nan")])
        '["\\u003c/script\\u003e",null]'
    """
    text = json.dumps(plain_values(value), allow_nan=False, separators=(",", ":"))
    return text.translate(_MARKUP)


def plain_values(value: Any) -> Any:  # noqa: ANN401
    """Gives plain values with None for numbers that JSON has no word for."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(item) for item in value]
    return value
