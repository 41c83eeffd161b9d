"""Images that came twice under two names."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoulderseg.workflows.experiment.protocol import Assignment

_LOGGER = logging.getLogger(__name__)


def check_twins(digests: Mapping[str, str], assignment: Assignment) -> None:
    """Refuses to test an image that is trained on under another name.

    Files are compared byte for byte. Those on one side, of two patients, are warned of.

    Args:
        digests: fingerprint of each case's image.
        assignment: who is trained on and who is tested.

    Raises:
        ValueError: if an image is on both sides; names both cases.
    """
    cases: dict[str, list[str]] = {}
    for case, digest in digests.items():
        cases.setdefault(digest, []).append(case)
    patients = {**assignment.train, **assignment.test}
    twins = [pair for alike in cases.values() for pair in combinations(alike, 2)]
    for first, second in twins:
        learned = [case for case in (first, second) if case in assignment.train]
        if len(learned) == 1:
            (tested,) = {first, second} - {*learned}
            msg = (
                f"the image of {learned[0]}, which is trained on, and that of {tested}, which is "
                "tested, are the same file, byte for byte; remove one of the cases from the "
                "dataset, or, if they are of one patient, say so by --patient-pattern or the "
                "dataset's case_patients.json"
            )
            raise ValueError(msg)
    for first, second in twins:
        if patients[first] != patients[second]:
            _LOGGER.warning(
                "the images of %s and %s are the same file, byte for byte, and count as two "
                "patients",
                first,
                second,
            )
