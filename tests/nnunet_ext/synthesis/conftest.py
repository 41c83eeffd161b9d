"""One small map for all tests of synthesis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.nnunet_ext.synthesis.bodies import load_map, write_map

if TYPE_CHECKING:
    from pathlib import Path

    from shoulderseg.nnunet_ext.synthesis.resident import ResidentCase


@pytest.fixture(scope="session")
def map_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the map."""
    return write_map(tmp_path_factory.mktemp("maps") / "box.safetensors")


@pytest.fixture(scope="session")
def case(map_path: Path) -> ResidentCase:
    """The map in memory."""
    return load_map(map_path)
