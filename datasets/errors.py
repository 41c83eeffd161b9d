"""The error that every refused image raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoulderseg.datasets.files import shown_name

if TYPE_CHECKING:
    from pathlib import Path


class UnreadableVolumeError(ValueError):
    """An image file cannot be used.

    The message holds the file's name and the reason. It leaves out the folder and every
    header value that may identify a patient.

    Attributes:
        file_name: Name of the file, without its folder.
        reason: What was found, what was expected and what to do.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.file_name = shown_name(path)
        super().__init__(f"{self.file_name}: {reason}")
        self.reason = reason
