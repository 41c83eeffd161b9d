"""The examples in docstrings give what they show."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = [
    "datasets.files",
    "datasets.labels",
    "datasets.reader",
    "datasets.splits",
    "datasets.volume",
    "evaluation.overlap",
    "evaluation.paired",
    "evaluation.scores",
    "refine.boundary",
    "refine.normalise",
    "refine.voting",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_show(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"shoulderseg.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
