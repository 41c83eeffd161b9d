"""Messages about the series of an examination without the names of its files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoulderseg.datasets.dicom.verdict import Series


def without_names(text: str, series: Series) -> str:
    """Take names of files, which may be patients', out of a message.

    Args:
        text: The message.
        series: The series that it is about.

    Returns:
        The message with `a slice` in place of the name of each of the series' files.
    """
    for header in series.slices:
        found = rf"(?<![\w.-]){re.escape(header.path.name)}(?=:| and shows)"
        text = re.sub(found, "a slice", text)
    return text
