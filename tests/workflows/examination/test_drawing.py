"""What is known of the bones that an examination's series share, beside their voxels."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoulderseg.refine.examination.consensus import Consensus, find_consensus
from shoulderseg.workflows.bundles.bundle import Bundle, read_bundle
from shoulderseg.workflows.examination.drawing import draw_bones
from shoulderseg.workflows.examination.vote import vote_together
from shoulderseg.workflows.examination.write import write_examination
from shoulderseg.workflows.measure.folder import measure_folder
from shoulderseg.workflows.measure.results import KEY, measure_examination
from shoulderseg.workflows.segmentation.options import Options, settings_of
from tests.refine.examination.bones import ball, stack
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


def test_cut_bones_are_measured_from_their_files_as_in_the_run(
    bundle: Bundle, tmp_path: Path
) -> None:
    planes = ("axial", "coronal")
    taken = [take(plane, plane, extent_mm=84, shift_mm=(0, 0, 12)) for plane in planes]
    examination = vote_together([one.result for one in taken], bundle, SETTINGS)
    series = [source("left", plane) for plane in planes]
    out = tmp_path / "out"
    out.mkdir()
    written = write_examination(out, "exam", examination, NAMES)

    [case] = measure_folder(out, tmp_path / "measures", NAMES, "left")

    assert "exam_unseen.nii.gz" in written
    run, files = (
        {one["name"]: (one["refused"], one.get("note", "")) for one in measures}
        for measures in (
            measure_examination("exam", series, examination, NAMES)[KEY],
            case.measures,
        )
    )
    assert case.case == "exam_bones"
    assert "cut by the image" in run["humerus_volume"][1]
    # That a mask is predicted is known to the run alone.
    told = {name for name in run if not name.startswith("hill_sachs")}
    assert {name: files[name] for name in told} == {name: run[name] for name in told}


def test_the_grid_takes_little_memory_and_the_steps_are_those_of_the_images() -> None:
    """Pixels of 0.4 mm are taken together in the vote."""
    series = [stack(ball, plane, pixel_mm=(0.4, 0.9)) for plane in ("axial", "coronal")]
    found = find_consensus(series, [1.0, 1.0])
    tracemalloc.start()
    try:
        bones, in_view = draw_bones((found, Consensus(None, ())), [None, None], [1, 2])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert bones is not None
    assert in_view is not None
    # Less than one array of float64.
    assert peak < 8 * bones.array.size
    spacings = [np.linalg.norm(steps, axis=0) for steps in in_view[0].steps_mm]
    np.testing.assert_allclose(spacings, [(4.0, 0.4, 0.9)] * 2)
