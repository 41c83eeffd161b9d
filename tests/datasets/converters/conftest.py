"""Shoulders that are drawn once, and six cases to convert."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoulderseg.datasets.converters.convert import Order
from shoulderseg.datasets.volume import Volume
from tests.datasets.converters.bodies import Body, draw_body
from tests.datasets.converters.six_cases import SPEC, SixCases


@pytest.fixture(scope="session")
def bodies() -> dict[str, Body]:
    """A left and a right shoulder."""
    return {side: draw_body(side) for side in ("left", "right")}


@pytest.fixture
def source(tmp_path: Path, oblique: Volume) -> SixCases:
    """Six cases of three patients, each with other voxels."""
    return SixCases(tmp_path / "source", oblique)


@pytest.fixture
def order(tmp_path: Path) -> Order:
    """Asks for a dataset of two folds with one patient for test."""
    return Order(tmp_path / "out", SPEC, {"depth": 3}, folds=2, test_cases=1)
