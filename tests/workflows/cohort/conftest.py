"""A tiny bundle and three images."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoulderseg.workflows.segmentation.segmenter import Segmenter
from tests.workflows.cohort.runs import NAMES, write_image


@pytest.fixture(scope="module")
def segmenter(untrained: Path) -> Segmenter:
    return Segmenter(untrained, device="cpu", mirroring=False)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for number, name in enumerate(NAMES):
        write_image(folder / f"{name}.nii.gz", number)
    return folder
