"""Verdicts of a calibration that name no file of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_MOST_NAMES = 10


def unknown_bad_cases(verdicts: Path | None, images: Path, labels: Path) -> list[str]:
    """Names the cases judged fail or artefact of which there is neither an image nor a label map.

    A verdict on them leaves nothing out: a spreadsheet may have made 12 of the name 0012, and the
    poor result stays.

    Args:
        verdicts: `qc.csv` of the report page; None without.
        images: folder of images.
        labels: folder of label maps.

    Returns:
        The names in order.

    Raises:
        ValueError: if the verdicts cannot be read.
        OSError: if the verdicts cannot be read.
    """
    from shoulderseg.datasets.pair_match import unmet_names
    from shoulderseg.workflows.report.verdicts import bad_cases

    return unmet_names(images, labels, bad_cases(verdicts))


def describe_unknown(names: Iterable[str]) -> str:
    """Says in a sentence what they are; empty where there are none."""
    unknown = list(names)
    if not unknown:
        return ""
    shown = ", ".join(unknown[:_MOST_NAMES])
    more = f" and {len(unknown) - _MOST_NAMES} more" if len(unknown) > _MOST_NAMES else ""
    return (
        f"cases judged fail or artefact that have neither an image nor a label map: {shown}{more}. "
        "Nothing is left out for them; see whether a spreadsheet changed their names, as 0012 to 12"
    )
