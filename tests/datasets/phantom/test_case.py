"""A whole phantom: the same bytes for the same seed, and what its options promise."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from shoulderseg.datasets.phantom.case import (
    GLENOID_LABEL,
    HUMERUS_LABEL,
    PhantomCase,
    draw_scan,
    make_case,
)
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.scanner import sampling
from shoulderseg.datasets.phantom.scanner.protocol import Plane
from shoulderseg.datasets.phantom.structures import HUMERUS, SCAPULA, Structure

from .measures import pieces_of, touching

SHAPE, SPACING_MM = (8, 40, 36), (4.0, 3.0, 3.2)
OPTIONS = PhantomOptions(
    sequence="pd-fs", plane="axial", shape=SHAPE, spacing_mm=SPACING_MM, health="healthy"
)


def made(options: PhantomOptions, seed: int = 4, workers: int = 1) -> PhantomCase:
    return make_case(options, np.random.default_rng(seed), workers=workers)


def as_text(case: PhantomCase) -> str:
    """Everything said about a case; raises if it is not JSON or has NaN."""
    return json.dumps([case.parameters, case.measurements], allow_nan=False, sort_keys=True)


@pytest.fixture(scope="module")
def case() -> PhantomCase:
    return made(OPTIONS)


PRINT_HASH = """
import hashlib
import numpy as np
from shoulderseg.datasets.phantom.case import make_case
from shoulderseg.datasets.phantom.options import PhantomOptions
options = PhantomOptions(sequence="pd-fs", shape=(2, 320, 320), spacing_mm=(4.0, 0.5, 0.5))
image = make_case(options, np.random.default_rng(4), workers=1).image
print(hashlib.sha256(image.array.tobytes()).hexdigest())
"""


def test_the_bytes_do_not_depend_on_the_threads_of_numpy() -> None:
    hashes = set()
    for threads in ("1", "2"):
        limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads)
        ran = subprocess.run(
            [sys.executable, "-c", PRINT_HASH],
            env={**os.environ, **limits},
            capture_output=True,
            text=True,
            check=True,
        )
        hashes.add(ran.stdout)
    assert len(hashes) == 1


def test_the_same_seed_gives_the_same_bytes(case: PhantomCase) -> None:
    again = made(OPTIONS, workers=2)
    for first, second in (
        (case.image.array, again.image.array),
        (case.label_map, again.label_map),
        (case.tissue_map, again.tissue_map),
    ):
        assert first.dtype == second.dtype
        assert first.tobytes() == second.tobytes()
    assert as_text(case) == as_text(again)
    assert case.grid == again.grid


def test_another_seed_gives_another_shoulder(case: PhantomCase) -> None:
    other = made(OPTIONS, seed=5)
    assert (case.label_map != other.label_map).mean() > 0.005
    assert case.image.array.tobytes() != other.image.array.tobytes()
    assert case.measurements != other.measurements
    assert case.parameters["dimensions"] != other.parameters["dimensions"]


def test_shape_spacing_and_types(case: PhantomCase) -> None:
    image = case.image
    assert image.array.shape == case.label_map.shape == case.tissue_map.shape == SHAPE
    assert image.spacing_mm == SPACING_MM
    assert case.grid.shape == SHAPE
    assert image.origin_mm == case.grid.origin_mm
    assert image.direction == case.grid.direction
    assert image.array.dtype == np.int16
    assert case.label_map.dtype == case.tissue_map.dtype == np.uint8
    assert image.array.min() >= 0
    assert len(np.unique(image.array)) > 100


def test_what_is_said_is_json_of_finite_numbers(case: PhantomCase) -> None:
    said: dict[str, Any] = json.loads(as_text(case))[0]
    assert said["protocol"]["sequence"] == "pd-fs"
    assert said["protocol"]["plane"] == "axial"
    assert said["second_label"] == "glenoid"
    assert said["contrast"] == "physical"
    assert said["findings"]["glenoid_bone_loss_percent"] == 0


def test_labels_agree_with_the_tissue_map(case: PhantomCase) -> None:
    assert set(np.unique(case.label_map)) == {0, HUMERUS_LABEL, GLENOID_LABEL}
    assert set(np.unique(case.tissue_map)) <= {int(part) for part in Structure}
    for label, bone in ((HUMERUS_LABEL, HUMERUS), (GLENOID_LABEL, SCAPULA)):
        mask = case.label_map == label
        is_bone = np.isin(case.tissue_map, [int(part) for part in bone])
        # The label counts the whole thickness of a slice, the tissue map its middle.
        assert (mask & ~is_bone).sum() < 0.12 * mask.sum()


@pytest.mark.parametrize(("seed", "plane"), [(4, "coronal"), (11, "sagittal")])
def test_labels_are_single_pieces_apart_from_each_other(seed: int, plane: Plane) -> None:
    options = replace(OPTIONS, plane=plane, shape=(20, 48, 48), spacing_mm=(3.0, 1.7, 1.7))
    label_map = made(options, seed).label_map
    humerus, glenoid = label_map == HUMERUS_LABEL, label_map == GLENOID_LABEL
    assert len(pieces_of(glenoid)) == 1
    assert len(pieces_of(humerus)) == 1
    # Slices of 3 mm and voxels of 1.7 mm are as wide as the joint is.
    assert touching(humerus, glenoid) < 0.02 * glenoid.sum()


def test_the_whole_scapula_holds_the_glenoid(case: PhantomCase) -> None:
    whole = made(replace(OPTIONS, whole_scapula=True))
    glenoid, scapula = (each.label_map == GLENOID_LABEL for each in (case, whole))
    assert not (glenoid & ~scapula).any()
    assert scapula.sum() > 1.2 * glenoid.sum()
    np.testing.assert_array_equal(whole.label_map == HUMERUS_LABEL, case.label_map == HUMERUS_LABEL)
    assert whole.image.array.tobytes() == case.image.array.tobytes()
    assert whole.parameters["second_label"] == "scapula"


def test_less_depth_is_less_glenoid(case: PhantomCase) -> None:
    shallow = made(replace(OPTIONS, glenoid_depth_mm=10.0))
    small, large = (each.label_map == GLENOID_LABEL for each in (shallow, case))
    assert not (small & ~large).any()
    assert 0 < small.sum() < 0.7 * large.sum()
    assert shallow.parameters["glenoid_depth_mm"] == 10


def test_random_contrast_changes_the_image_alone(case: PhantomCase) -> None:
    drawn = made(replace(OPTIONS, random_contrast=True))
    # The intensities are drawn after the anatomy, so that it is the same shoulder.
    np.testing.assert_array_equal(drawn.label_map, case.label_map)
    assert drawn.parameters["contrast"] == "random"
    first, second = (each.image.array.ravel().astype(float) for each in (drawn, case))
    assert np.corrcoef(first, second)[0, 1] < 0.9


def test_what_is_left_open_is_drawn() -> None:
    small = PhantomOptions(shape=(2, 20, 24))
    drawn = [made(small, seed).protocol for seed in range(5)]
    assert len({protocol.sequence for protocol in drawn}) > 1
    assert len({protocol.plane for protocol in drawn}) > 1


def test_bone_loss_is_as_asked_for(case: PhantomCase) -> None:
    worn = made(replace(OPTIONS, bone_loss_percent=25.0))
    assert worn.measurements["glenoid_bone_loss_percent"] == pytest.approx(25, abs=1.5)
    assert case.measurements["glenoid_bone_loss_percent"] == 0
    small, large = (np.count_nonzero(e.label_map == GLENOID_LABEL) for e in (worn, case))
    assert small < large
    np.testing.assert_array_equal(worn.label_map == HUMERUS_LABEL, case.label_map == HUMERUS_LABEL)


def test_a_field_of_view_that_folds_over_keeps_its_labels_in_place() -> None:
    folded = made(OPTIONS, seed=7)
    protocol = folded.protocol
    assert round(protocol.wrap_fraction * SHAPE[protocol.phase_axis]) >= 3
    steps = folded.grid.axes_mm()
    index = np.moveaxis(np.indices(SHAPE), 0, -1)
    places = np.array(folded.grid.origin_mm) + index @ steps
    centre = np.array(folded.measurements["landmarks_lps_mm"]["head_centre"])
    away = np.linalg.norm(places - centre, axis=-1)
    inner = away < folded.measurements["head_radius_mm"] - np.sqrt(np.square(steps).sum()) / 2
    assert inner.sum() > 20
    # All of the head's ball but for the groove beside it.
    assert (folded.label_map[inner] == HUMERUS_LABEL).mean() > 0.95
    assert np.isin(folded.tissue_map[inner], [int(part) for part in HUMERUS]).mean() > 0.95


def test_nothing_is_seen_or_labelled_in_black_margins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The margins of this scan reach into the head."""
    monkeypatch.setattr(sampling, "BLANK_FRACTION", dict.fromkeys((False, True), (0.4, 0.4)))
    cases = {}
    for chance in (0.0, 1.0):
        monkeypatch.setattr(sampling, "BLANK_CHANCE", dict.fromkeys((False, True), chance))
        cases[chance] = made(OPTIONS, seed=3)
    whole, blanked = cases[0.0], cases[1.0]
    share = blanked.protocol.blank_fraction
    black = np.zeros(SHAPE, bool)
    rows, columns = (round(part * count) for part, count in zip(share, SHAPE[1:], strict=True))
    assert (rows, columns) in ((0, 14), (16, 0))
    black[:, :rows] = black[:, SHAPE[1] - rows :] = True
    black[:, :, :columns] = black[:, :, SHAPE[2] - columns :] = True
    assert (whole.label_map[black] > 0).sum() > 30
    assert not blanked.image.array[black].any()
    assert not blanked.label_map[black].any()
    assert not blanked.tissue_map[black].any()
    seen = ~black
    humerus = whole.label_map == HUMERUS_LABEL
    np.testing.assert_array_equal((blanked.label_map == HUMERUS_LABEL)[seen], humerus[seen])
    assert blanked.image.array[seen].mean() > 50


def test_a_weak_magnet_leaves_out_what_it_cannot_do() -> None:
    options = replace(OPTIONS, sequence=None, field_t=0.25, shape=(1, 8, 8))
    found = {draw_scan(options, np.random.default_rng(seed))[0].sequence for seed in range(40)}
    assert found == {"t1-se", "pd-tse", "t2-tse", "stir", "gre"}
    with pytest.raises(ValueError, match="take stir"):
        PhantomOptions(sequence="pd-fs", field_t=0.25)
    with pytest.raises(ValueError, match=r"got 1\.0 T"):
        PhantomOptions(field_t=1.0)


def test_stir_images_show_fluid_and_hide_marrow() -> None:
    options = replace(OPTIONS, sequence="stir", field_t=0.3, plane="coronal")
    case = made(options, seed=2)
    assert case.protocol.inversion_ms > 80
    tissue, image = case.tissue_map, case.image.array
    marrow = image[tissue == Structure.HUMERUS_MARROW].mean()
    muscle = image[(tissue == Structure.DELTOID) | (tissue == Structure.INFRASPINATUS)].mean()
    assert muscle > 1.3 * marrow
