"""A bundle that was trained on standing slices sees every volume standing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.orientation import Reorientation, reorient, restore
from shoulderseg.datasets.phantom.case import make_case
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.volume import same_grid
from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.segmentation.segment import prepare
from shoulderseg.workflows.segmentation.settings import Settings
from tests.untrained import write_untrained

if TYPE_CHECKING:
    from collections.abc import Callable

    from shoulderseg.datasets.volume import Volume
    from shoulderseg.workflows.segmentation.segment import Segmentation

SETTINGS = Settings("cpu", None, mirroring=False, vote="majority")


@pytest.fixture(scope="module")
def scan() -> Volume:
    options = PhantomOptions(plane="coronal", shape=(5, 40, 36), spacing_mm=(6.0, 3.0, 3.0))
    return make_case(options, np.random.default_rng(2), workers=1).image


def segmenting(folder: Path, *, upright: bool) -> Callable[[Volume], Segmentation]:
    folder.mkdir()
    write_untrained(folder, upright=upright)
    bundle = read_bundle(folder)
    assert bundle.upright is upright
    return prepare(bundle, SETTINGS)


@pytest.mark.parametrize("turn", [Reorientation((0, 1, 2), (1,)), Reorientation((2, 0, 1), (0, 2))])
def test_however_the_file_lies_the_result_is_the_same(
    tmp_path: Path, scan: Volume, turn: Reorientation
) -> None:
    segment = segmenting(tmp_path / "bundle", upright=True)
    # Scanners store this orientation, so nothing is turned.
    expected = segment(scan)
    assert expected.label_map.any()
    lying = reorient(scan, turn)
    assert not same_grid(lying, scan)
    found = segment(lying)
    np.testing.assert_array_equal(restore(found.label_map, turn), expected.label_map)
    np.testing.assert_array_equal(restore(found.voted, turn), expected.voted)
    for variant, mask in expected.unets.items():
        np.testing.assert_array_equal(restore(found.unets[variant], turn), mask)
    assert found.quality == expected.quality
    assert expected.measures["turned"] == {"order": (0, 1, 2), "reversed_axes": ()}
    assert found.measures["turned"]["order"] == tuple(np.argsort(turn.order))


def test_a_volume_whose_directions_are_wrong_is_left_as_it_is(tmp_path: Path, scan: Volume) -> None:
    segment = segmenting(tmp_path / "bundle", upright=True)
    as_stored = prepare(read_bundle(tmp_path / "bundle"), replace(SETTINGS, as_stored=True))
    upside_down = reorient(scan, Reorientation((0, 1, 2), (1,)))
    mistaken = replace(scan, direction=upside_down.direction, origin_mm=upside_down.origin_mm)
    found = as_stored(mistaken)
    np.testing.assert_array_equal(found.label_map, segment(scan).label_map)
    assert (segment(mistaken).label_map != found.label_map).any()
    assert "turned" not in found.measures


def test_other_bundles_take_the_array_as_it_is(tmp_path: Path, scan: Volume) -> None:
    segment = segmenting(tmp_path / "bundle", upright=False)
    turn = Reorientation((0, 1, 2), (1,))
    found = segment(reorient(scan, turn)).label_map
    same_array = segment(replace(scan, array=reorient(scan, turn).array)).label_map
    np.testing.assert_array_equal(found, same_array)
    assert (restore(found, turn) != segment(scan).label_map).any()
