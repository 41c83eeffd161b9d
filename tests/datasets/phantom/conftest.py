"""Small phantoms that several tests of whole sets read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.phantom import dataset
from shoulderseg.datasets.phantom.case import make_case
from shoulderseg.datasets.phantom.dataset import write_dataset
from shoulderseg.datasets.phantom.options import PhantomOptions
from tests.datasets.phantom.three_cases import THREE, TINY

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.case import PhantomCase


@pytest.fixture(scope="session")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset with two cases for training and one for test."""
    return write_dataset(tmp_path_factory.mktemp("raw"), THREE).folder


@pytest.fixture(scope="session")
def known() -> PhantomCase:
    """Some phantom."""
    return make_case(TINY, np.random.default_rng(0))


@pytest.fixture
def quick(known: PhantomCase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every phantom has the anatomy of one and noise of its own: for what is about files alone."""

    def copied_case(
        options: PhantomOptions, rng: np.random.Generator, *, workers: int = 2
    ) -> PhantomCase:
        array = rng.integers(0, 500, known.image.array.shape, dtype=np.int16)
        return replace(known, image=replace(known.image, array=array))

    monkeypatch.setattr(dataset, "make_case", copied_case)
