"""Names of cases that a user lists: which are left out, and whether they still mean the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoulderseg.datasets.converters.source import Rejected, SourceCase

EXCLUDED = "left out, as --exclude says."


def without(
    candidates: Iterable[SourceCase | Rejected], exclude: frozenset[str]
) -> Iterator[SourceCase | Rejected]:
    """Leaves out the candidates of these names; they are told as rejected, without a fault.

    Names that no candidate has are told at the end.

    Raises:
        ValueError: at the end, if none has any of the names.
    """
    from shoulderseg.datasets.converters.source import Rejected, describe_unmet, remark

    unmet = set(exclude)
    for candidate in candidates:
        if candidate.name in exclude:
            unmet.discard(candidate.name)
            yield Rejected(candidate.name, candidate.source, EXCLUDED, fault=False)
        else:
            yield candidate
    if exclude and len(unmet) == len(exclude):
        msg = (
            f"none of the {len(exclude)} names of cases to leave out is here; --dry-run without "
            "--exclude shows the names"
        )
        raise ValueError(msg)
    if unmet:
        yield remark(describe_unmet(sorted(unmet)))


def unmoved(
    candidates: Iterable[SourceCase | Rejected],
    listed: frozenset[str],
    earlier: Mapping[str, str],
) -> Iterator[SourceCase | Rejected]:
    """Gives candidates that are numbered, as long as their numbers are those that were listed.

    A folder that is added or removed moves the numbers of those behind it.

    Args:
        candidates: what a converter yields.
        listed: names of the cases to leave out and for test.
        earlier: name to source in the dataset that is to be replaced.

    Raises:
        ValueError: if a name that is listed was another source's, or may have been.
    """
    from shoulderseg.datasets.converters.source import hashed_source

    unknown = sorted(listed - earlier.keys())
    for candidate in candidates:
        name = candidate.name
        moved = name in earlier and hashed_source(earlier[name]) != hashed_source(candidate.source)
        if moved and (unknown or name in listed):
            also = "" if name in listed else f", and so may {unknown[0]} of the names given"
            msg = (
                f"{name} was another folder in the dataset that is there (its conversion.csv tells "
                f"the source of each case){also}: folders were added or removed, so their numbers "
                "have moved. Look the names for --exclude and --test-cases up with --dry-run "
                "--keep-source-names, and then move the old dataset away."
            )
            raise ValueError(msg)
        yield candidate
