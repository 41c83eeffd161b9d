"""Shoulders that are drawn once."""

from __future__ import annotations

import pytest

from tests.datasets.converters.bodies import Body, draw_body


@pytest.fixture(scope="session")
def bodies() -> dict[str, Body]:
    """A left and a right shoulder."""
    return {side: draw_body(side) for side in ("left", "right")}
