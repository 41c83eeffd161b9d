"""The error that every refused image raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoulderseg.datasets.files import shown_name

if TYPE_CHECKING:
    from pathlib import Path


class UnreadableVolumeError(ValueError):
    """An image file cannot be used.

    The message holds the file's name and the reason. It leaves out the folder and every
    header value that may identify a patient. Archives name DICOM files after patients: what reads
    these says what else to call them.

    Attributes:
        file_name: Name of the file, without its folder.
        reason: What was found, what was expected and what to do.
    """

    def __init__(self, path: Path, reason: str, *, called: str | None = None) -> None:
        """Makes the message.

        Args:
            path: The file.
            reason: What was found, what was expected and what to do.
            called: What the message says in place of the file's name; empty for the reason alone.
        """
        self.file_name = shown_name(path)
        shown = self.file_name if called is None else called
        super().__init__(f"{shown}: {reason}" if shown else reason)
        self.reason = reason
