from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from shoulderseg.datasets.errors import UnreadableVolumeError
from shoulderseg.datasets.plausible import check_plausible, doubts
from shoulderseg.datasets.volume import Volume


def volume(
    shape: tuple[int, int, int] = (5, 30, 40), spacing_mm: tuple[float, ...] = (3.5, 0.5, 0.6)
) -> Volume:
    array = np.random.default_rng(1).uniform(0, 900, shape)
    z, y, x = spacing_mm
    return Volume(array, (z, y, x), (0, 0, 0), tuple(np.eye(3).ravel()))


@pytest.mark.parametrize("shape", [(5, 30, 40), (1, 30, 40), (30, 40, 1), (30, 1, 40), (3, 16, 16)])
def test_a_usual_scan_raises_no_doubt(
    shape: tuple[int, int, int], caplog: pytest.LogCaptureFixture
) -> None:
    thin = shape.index(min(shape))
    spacing_mm = [0.5, 0.5, 0.5]
    spacing_mm[thin] = 3.5
    assert doubts(volume(shape, tuple(spacing_mm))) == []
    check_plausible(Path("case.nii.gz"), volume(shape, tuple(spacing_mm)))
    assert not caplog.records


@pytest.mark.parametrize("shape", [(8, 8, 3), (3, 15, 200), (1, 15, 20), (15, 15, 15)])
def test_tiny_images_are_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(UnreadableVolumeError, match=r"case\.nii.*expected at least 16"):
        check_plausible(Path("case.nii"), volume(shape))


@pytest.mark.parametrize(
    ("spacing_mm", "words"),
    [
        ((3.5, 0.05, 0.5), "pixels of 0.05 x 0.5 mm"),
        ((0.0035, 0.0005, 0.0006), "slices 0.0035 mm apart"),
        ((12.0, 0.5, 0.5), "slices 12 mm apart"),
        ((4.0, 3.0, 3.5), "pixels of 3 x 3.5 mm"),
    ],
)
def test_unusual_lengths_are_told(
    spacing_mm: tuple[float, ...], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert any(words in doubt for doubt in doubts(volume(spacing_mm=spacing_mm)))
    with caplog.at_level(logging.WARNING):
        check_plausible(Path("case.nii"), volume(spacing_mm=spacing_mm))
    assert all(record.getMessage().startswith("case.nii: ") for record in caplog.records)
    assert caplog.records


def test_hounsfield_units_are_told() -> None:
    scan = volume()
    scan.array[:, :10] = -1000
    assert doubts(scan) == ["values look like a CT in Hounsfield units; the models are for MR"]
    # Some images hold a few negative values after filtering.
    some = volume()
    some.array[0, 0, :5] = -900
    assert doubts(some) == []
