"""Keeps what somebody changed among the results, such as a corrected mask, from being replaced."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from pathlib import Path

from shoulderseg.workflows.bundles.manifest import sha256_of
from shoulderseg.workflows.cohort.fragment import is_plain_file, short_name

_LOGGER = logging.getLogger(__name__)
# Not an ending that any command reads.
CHANGED = ".changed"


def set_aside_changed(out: Path, files: Mapping[str, Collection[str]]) -> dict[Path, Path]:
    """Renames files that are no longer as they were written, so that nothing is written over them.

    Args:
        out: folder of the results.
        files: for each file below it the hashes that it may have as it was written.

    Returns:
        Where each file was and is now: `CASE.seg.nrrd.changed`, with a number where that is taken.

    Raises:
        OSError: if one can be read or renamed no more.
        ValueError: if a folder on the way is a link.
    """
    from shoulderseg.datasets.output_file import refuse_links

    moved: dict[Path, Path] = {}
    try:
        for file, digests in files.items():
            path = out / file
            if _is_changed(path, digests):
                refuse_links(path.parent, out)
                moved[path] = path.rename(_free_name(path))
                # At once: a run that is killed says nothing later.
                _LOGGER.warning(
                    "%s was changed after it was written; it is made anew, and what was there is "
                    "now %s",
                    *(path.name, moved[path].name),
                )
    except (OSError, ValueError):
        put_back(moved)
        raise
    return moved


def put_back(moved: Mapping[Path, Path]) -> None:
    """Gives files their names again where nothing new has come in their place.

    Args:
        moved: of `set_aside_changed`.
    """
    for path, kept in moved.items():
        if not path.exists() and not path.is_symlink():
            kept.rename(path)
            _LOGGER.warning(
                "%s is called %s again: nothing new came in its place", kept.name, path.name
            )


def _is_changed(path: Path, digests: Collection[str]) -> bool:
    """Whether it holds something else than was written; an empty file holds nothing."""
    try:
        return is_plain_file(path) and path.stat().st_size > 0 and sha256_of(path) not in digests
    # A damaged note may name what no file is called.
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False


def _free_name(path: Path) -> Path:
    name, number = short_name(path.name) + CHANGED, 2
    kept = path.with_name(name)
    while kept.exists() or kept.is_symlink():
        kept, number = path.with_name(f"{name}{number}"), number + 1
    return kept
