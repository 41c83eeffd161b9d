"""Volumes that give away a swapped, mirrored or rescaled axis, and files of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from shoulderseg.datasets.volume import Volume
from tests.datasets.mixed_pairs import write_pairs
from tests.datasets.oblique_case import oblique_image, write_sources


@pytest.fixture
def oblique() -> Volume:
    """An asymmetric, anisotropic, oblique, non-square image."""
    array = np.random.default_rng(5).normal(100, 20, (5, 7, 11)).astype(np.float32)
    array[1, 2:4, 3:9] = 400
    axes = Rotation.from_euler("xyz", [20, 35, -50], degrees=True).as_matrix()
    direction = tuple(float(number) for number in axes.ravel())
    return Volume(array, (3.0, 0.5, 0.7), (-180.058222, -97.147766, 112.827990), direction)


@pytest.fixture
def labels(oblique: Volume) -> Volume:
    """Labels 3 and 5 on the grid of the oblique image."""
    array = np.zeros(oblique.array.shape, dtype=np.uint8)
    array[1, 2:4, 3:9] = 3
    array[3, 5, 1:3] = 5
    return Volume(array, oblique.spacing_mm, oblique.origin_mm, oblique.direction)


@pytest.fixture
def pairs(tmp_path: Path, oblique: Volume, labels: Volume) -> Path:
    """Holds five images and label maps of four patients in mixed formats."""
    write_pairs(tmp_path, oblique, labels)
    return tmp_path


@pytest.fixture
def image() -> Volume:
    """The image of the oblique, lopsided shoulder."""
    return oblique_image()


@pytest.fixture
def sources(image: Volume, tmp_path: Path) -> list[Path]:
    """The same as a DICOM series."""
    return write_sources(tmp_path / "series", image)
