"""Puts a classifier whose answers are known in the place of a network."""

from __future__ import annotations

import pytest

from shoulderseg.refine import ensemble
from tests.refine.oracle import ask


@pytest.fixture
def oracle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patches are classified by the `Oracle`."""
    monkeypatch.setattr(ensemble, "classify_voxels", ask)
