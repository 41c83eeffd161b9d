"""Whether the folds of a dataset are folds of the cases it has."""

from __future__ import annotations

import json
import os
from pathlib import Path

from shoulderseg.nnunet_ext.folders import PREPROCESSED, RAW, SPLITS_FILE, file_ending, files_of
from shoulderseg.nnunet_ext.variants import EVERY_CASE

# How many folds nnU-Net draws where none are given.
DRAWN = 5


def cases_in_no_fold(name: str) -> tuple[list[str], Path | None]:
    """Finds the cases that no fold learns from or holds out.

    nnU-Net draws folds once and keeps them: cases that come later are in none.

    Args:
        name: Full dataset name.

    Returns:
        The cases, and the file of the folds; none of either where the raw dataset is not there, or
        no folds are kept.

    Raises:
        ValueError: If the folds name cases that are not there, or there are fewer cases than
            nnU-Net draws folds.
    """
    raw = Path(os.environ.get(RAW) or "absent", name)
    labels = raw / "labelsTr"
    if not labels.is_dir():
        return [], None
    ending = file_ending(name)
    cases = {path.name.removesuffix(ending) for path in files_of(labels, ending)}
    # What nnU-Net has counts, and it gets what the raw dataset has.
    places = (Path(os.environ.get(PREPROCESSED) or "absent", name), raw)
    splits = next(
        (place / SPLITS_FILE for place in places if (place / SPLITS_FILE).is_file()), None
    )
    if splits is None:
        if len(cases) < DRAWN:
            msg = (
                f"{name} has {len(cases)} cases, and nnU-Net draws {DRAWN} folds; write "
                f"{raw / SPLITS_FILE}, or train one network on all cases: --folds {EVERY_CASE}"
            )
            raise ValueError(msg)
        return [], None
    folds = json.loads(splits.read_text(encoding="utf-8"))
    used = {case for fold in folds for side in ("train", "val") for case in fold[side]}
    gone = sorted(used - cases)
    if gone:
        msg = (
            f"{splits} names {len(gone)} cases that are not in {labels} (first: {gone[0]}); remove "
            "it to have folds drawn anew, or bring them back"
        )
        raise ValueError(msg)
    return sorted(cases - used), splits
