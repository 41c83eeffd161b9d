"""Keeps what somebody changed among the results, such as a corrected mask, from being replaced."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from shoulderseg.workflows.bundles.manifest import sha256_of
from shoulderseg.workflows.cohort.fragment import is_plain_file, read_fragment
from shoulderseg.workflows.errors import reason_of

_LOGGER = logging.getLogger(__name__)
# Not an ending that any command reads.
_CHANGED = ".changed"


def set_aside_changed(out: Path, names: Iterable[str]) -> list[Path]:
    """Renames files that are no longer as they were written, so that nothing is written over them.

    Args:
        out: folder of the results.
        names: under which the cases were noted that are about to be made anew.

    Returns:
        Where the files are now: `CASE.seg.nrrd.changed`, with a number where that is taken.
    """
    moved: list[Path] = []
    for name in dict.fromkeys(names):
        fragment = read_fragment(out, name)
        for file, digest in (fragment.files if fragment else {}).items():
            try:
                if _is_changed(out / file, digest):
                    moved.append(_set_aside(out, out / file))
            except (OSError, ValueError) as error:
                _LOGGER.warning("%s: cannot be kept apart: %s", file, reason_of(error))
    return moved


def _is_changed(path: Path, digest: str) -> bool:
    """Whether it holds something else than was written; an empty file holds nothing."""
    try:
        return is_plain_file(path) and path.stat().st_size > 0 and sha256_of(path) != digest
    except FileNotFoundError:
        return False


def _set_aside(out: Path, path: Path) -> Path:
    from shoulderseg.datasets.output_file import refuse_links

    refuse_links(path.parent, out)
    kept = path.with_name(path.name + _CHANGED)
    number = 2
    while kept.exists() or kept.is_symlink():
        kept = path.with_name(f"{path.name}{_CHANGED}{number}")
        number += 1
    path.rename(kept)
    _LOGGER.warning(
        "%s was changed after it was written; it is made anew, and what was there is now %s",
        *(path.name, kept.name),
    )
    return kept
