"""Shoulders out of the body scans of the TotalSegmentator datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from shoulderseg.workflows.conversion.conversion import (
    Conversion,
    Target,
    conversion_of,
    order_of,
)


def totalseg_conversion(
    source: Path,
    modality: Literal["mri", "ct"],
    target: Target,
    *,
    glenoid_mm: float = 30.0,
    margin_mm: float = 40.0,
    min_voxels: int = 500,
) -> Conversion:
    """Prepares the conversion of a TotalSegmentator dataset; each side with a joint is a case.

    Args:
        source: folder with s0001, s0002, ...
        modality: which of the two datasets.
        target: the dataset to make.
        glenoid_mm: how far from the joint surface the scapula is glenoid.
        margin_mm: image kept around humeral head and glenoid.
        min_voxels: that humerus and scapula must have, each, to be taken.

    Raises:
        ValueError: if an argument has a value that cannot be.
    """
    from shoulderseg.datasets.converters.totalseg import (
        ShoulderChoice,
        totalseg_cases,
        totalseg_settings,
    )
    from shoulderseg.datasets.converters.totalseg_releases import CT, MRI, totalseg_spec

    release = MRI if modality == "mri" else CT
    choice = ShoulderChoice(glenoid_mm, margin_mm, min_voxels)
    spec = totalseg_spec(release, target.dataset_id, target.name)
    order = order_of(target, spec, totalseg_settings(release, choice), (source,))
    return conversion_of(
        lambda: totalseg_cases(source, release, choice),
        order,
        release.notice,
        exclude=target.exclude,
    )
