"""Volumes of many thin slices are seen in all three planes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.orientation import (
    Reorientation,
    find_reorientation,
    reorient,
    restore,
)
from shoulderseg.datasets.volume import Volume
from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.segmentation import planes
from shoulderseg.workflows.segmentation.planes import nearly_same, suits_three_planes
from shoulderseg.workflows.segmentation.segment import prepare
from shoulderseg.workflows.segmentation.settings import Settings
from tests.untrained import write_untrained

if TYPE_CHECKING:
    from shoulderseg.workflows.segmentation.segment import Segment

SETTINGS = Settings("cpu", None, mirroring=False, vote="majority")
# Oblique by 20 degrees, the first axis to the front, columns to the left.
_C, _S = np.cos(np.radians(20)), np.sin(np.radians(20))
OBLIQUE = (_C, 0.0, _S, _S, 0.0, -_C, 0.0, -1.0, 0.0)


@pytest.fixture(scope="module")
def scan() -> Volume:
    """Something different along every axis; 42, 43 and 44 mm."""
    rng = np.random.default_rng(4)
    z, y, x = np.ogrid[:28, :36, :30]
    array = 50 + 30 * np.sin(z / 2.0) + 9 * y + 5 * np.abs(x - 6) + rng.normal(0, 4, (28, 36, 30))
    return Volume(array.astype(np.float32), (1.5, 1.2, 1.48), (10.0, -4.0, 7.0), OBLIQUE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("three") / "bundle"
    made.mkdir()
    write_untrained(made, upright=True, three_planes=True)
    return made


def segmenting(folder: Path, *, three_planes: bool | None = None) -> Segment:
    return prepare(read_bundle(folder), replace(SETTINGS, three_planes=three_planes))


def in_one_plane(folder: Path, volume: Volume, plane: int) -> dict[str, np.ndarray]:
    """What is said of the slices across one axis, on the volume's grid."""
    turn = find_reorientation(volume, slices=plane)
    found = segmenting(folder, three_planes=False)(reorient(volume, turn)).probabilities
    return {variant: restore(probability, turn) for variant, probability in found.items()}


def test_the_planes_are_averaged(folder: Path, scan: Volume) -> None:
    alone = [in_one_plane(folder, scan, plane) for plane in range(3)]
    found = segmenting(folder)(scan).probabilities
    for variant, probability in found.items():
        said = [plane[variant] for plane in alone]
        assert np.abs(said[0] - said[1]).max() > 0.01
        assert np.abs(said[0] - said[2]).max() > 0.01
        np.testing.assert_allclose(probability, np.mean(said, axis=0), atol=1e-5)


@pytest.mark.parametrize("turn", [Reorientation((1, 2, 0), (0,)), Reorientation((2, 1, 0), (1, 2))])
def test_the_order_of_axes_in_the_file_does_not_matter(
    folder: Path, scan: Volume, turn: Reorientation
) -> None:
    expected = segmenting(folder)(scan).probabilities
    found = segmenting(folder)(reorient(scan, turn)).probabilities
    for variant, probability in expected.items():
        np.testing.assert_allclose(restore(found[variant], turn), probability, atol=1e-5)


def test_how_good_it_looks_is_that_of_its_own_slices_where_the_planes_agree(
    folder: Path, scan: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = segmenting(folder, three_planes=False)(scan)
    # Untrained planes do not agree.
    found = segmenting(folder)(scan)
    assert found.quality != alone.quality
    assert found.measures["voted_voxels"] != alone.measures["voted_voxels"]
    monkeypatch.setattr(planes, "_LEAST_DICE", 0.0)
    # What calibrations know, who saw thick slices.
    assert segmenting(folder)(scan).quality == alone.quality


def test_nearly_the_same_is_a_dice_of_nine_tenths_for_each_bone() -> None:
    one = np.zeros((2, 10, 10), np.uint8)
    one[0], one[1, 0] = 1, 2
    for change, same in ((9, True), (11, False)):
        other = one.copy()
        other[0].flat[: 2 * change] = 0
        # 100 voxels in one, 100 - 2 n in the other: 2 (100 - 2 n) / (200 - 2 n).
        assert nearly_same(one, other) is same
    gone = one.copy()
    gone[1] = 0
    assert not nearly_same(one, gone)
    assert nearly_same(gone, gone)


def test_progress_is_told_from_start_to_end(folder: Path, scan: Volume) -> None:
    told: list[float] = []
    segmenting(folder)(scan, told.append)
    assert told == sorted(told)
    assert told[0] < 0.1
    assert told[-1] == pytest.approx(1)


def test_thick_slices_are_seen_as_they_are(folder: Path, scan: Volume) -> None:
    thick = replace(scan, spacing_mm=(1.6, 1.2, 1.48))
    found = segmenting(folder)(thick).probabilities
    expected = segmenting(folder, three_planes=False)(thick).probabilities
    for variant, probability in expected.items():
        np.testing.assert_array_equal(found[variant], probability)


def test_a_user_can_do_without(folder: Path, scan: Volume) -> None:
    found = segmenting(folder, three_planes=False)(scan).probabilities
    for variant, probability in in_one_plane(folder, scan, 0).items():
        np.testing.assert_array_equal(found[variant], probability)


@pytest.mark.parametrize(
    ("shape", "spacing_mm", "suits"),
    [
        ((40, 40, 40), (1.0, 1.0, 1.0), True),
        ((27, 200, 200), (1.5, 0.5, 0.5), True),
        ((27, 200, 200), (1.6, 0.5, 0.5), False),
        ((200, 200, 16), (0.5, 0.5, 3.0), False),
        # A slab of 39 mm, and a single slice, whose spacing is anyone's guess.
        ((60, 39, 60), (1.0, 1.0, 1.0), False),
        ((1, 256, 256), (1.0, 1.0, 1.0), False),
    ],
)
def test_thin_slices_and_many_of_them(
    shape: tuple[int, int, int], spacing_mm: tuple[float, float, float], suits: bool
) -> None:
    volume = Volume(np.zeros(shape, np.int8), spacing_mm, (0.0, 0.0, 0.0), OBLIQUE)
    assert suits_three_planes(volume) is suits


def test_volumes_that_stay_as_stored_cannot_have_three_planes(folder: Path, scan: Volume) -> None:
    bundle = read_bundle(folder)
    stored = replace(SETTINGS, as_stored=True)
    with pytest.raises(ValueError, match=r"three planes need .* and --as-stored leaves"):
        prepare(bundle, replace(stored, three_planes=True))
    found = prepare(bundle, stored)(scan).probabilities
    expected = prepare(bundle, replace(stored, three_planes=False))(scan).probabilities
    for variant, probability in expected.items():
        np.testing.assert_array_equal(found[variant], probability)


def test_a_bundle_that_is_not_upright_cannot_have_three_planes(tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    write_untrained(tmp_path / "bundle", upright=False)
    with pytest.raises(ValueError, match="a bundle that is not upright leaves"):
        segmenting(tmp_path / "bundle", three_planes=True)
