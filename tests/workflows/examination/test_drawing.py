"""What is known of the bones that an examination's series share, beside their voxels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoulderseg.workflows.bundles.bundle import Bundle, read_bundle
from shoulderseg.workflows.examination.vote import vote_together
from shoulderseg.workflows.measure.results import KEY, measure_examination
from shoulderseg.workflows.segmentation.options import Options, settings_of
from tests.workflows.examination.made_results import NAMES, take
from tests.workflows.measure.made_case import source

SETTINGS = settings_of(Options(device="cpu"))


@pytest.fixture(scope="module")
def bundle(untrained: Path) -> Bundle:
    return read_bundle(untrained)


def test_what_the_series_show_of_the_bones_is_known(bundle: Bundle) -> None:
    """The shaft leaves the field of view, and no series has voxels of half a millimetre."""
    taken = [
        take("axial", "axial", extent_mm=84),
        take("coronal", "coronal", extent_mm=84, shift_mm=(1, 2, 0)),
        take("sagittal", "sagittal", extent_mm=84, missed=("glenoid",)),
    ]
    together = vote_together([one.result for one in taken], bundle, SETTINGS)
    assert together.bones is not None
    assert together.in_view is not None
    humerus, plate = together.in_view
    assert humerus.seen is not None
    bone = together.bones.array == 1
    assert humerus.seen[bone].all()
    lowest = int(np.nonzero(bone)[0].min())
    assert not humerus.seen[lowest - 3 : lowest].all()
    spacings = [np.sort(np.linalg.norm(steps, axis=0)) for steps in humerus.steps_mm]
    assert [s[0] for s in spacings] == pytest.approx([1.1] * len(spacings))
    assert len(humerus.steps_mm) == 3
    # The sagittal series has missed the plate.
    assert len(plate.steps_mm) == 2


def test_two_series_of_one_plane_give_no_width_across_their_slices(bundle: Bundle) -> None:
    def measured(*planes: str) -> dict[str, Any]:
        taken = [take(f"{plane}_{n}", plane, shift_mm=(n, 0, -n)) for n, plane in enumerate(planes)]
        examination = vote_together([one.result for one in taken], bundle, SETTINGS)
        series = [source("left", one.result.name) for one in taken]
        record = measure_examination("one", series, examination, NAMES)
        return {measure["name"]: measure for measure in record[KEY]}

    alike, apart = measured("coronal", "coronal"), measured("coronal", "axial")

    assert "apart along it" in alike["glenoid_width"]["refused"]
    assert alike["glenoid_height"]["value"] is not None
    assert apart["glenoid_width"]["value"] is not None
