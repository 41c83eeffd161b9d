"""Names of files as disks and systems treat them."""

from __future__ import annotations

import unicodedata

# What systems and storage servers put beside the folders of people, in small letters.
_OF_SYSTEM = frozenset(
    {
        *("__macosx", "@eadir", "#recycle", "#snapshot", "$recycle.bin", "recycler", "lost+found"),
        *("system volume information", "thumbs.db", "desktop.ini"),
    }
)


def as_on_disk(name: str) -> str:
    """Gives a name as disks compare it that know no capitals, or one form of accents alone.

    Example:
        >>> as_on_disk("P1") == as_on_disk("p1")
        True
    """
    return unicodedata.normalize("NFC", name).casefold()


def is_left_out(name: str) -> bool:
    """Tells whether a file or folder of this name is hidden, or the system's and no user's."""
    return name.startswith(".") or name.lower() in _OF_SYSTEM
