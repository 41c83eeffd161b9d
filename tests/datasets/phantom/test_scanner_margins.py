"""Black margins around the acquired field of view."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shoulderseg.datasets.phantom.scanner.margins import view_window
from shoulderseg.datasets.phantom.scanner.sampling import sample_protocol

PROTOCOL = replace(
    sample_protocol("t1-se", "sagittal", np.random.default_rng(0)), blank_fraction=(0.0, 0.0)
)


def test_without_margins_nothing_changes() -> None:
    np.testing.assert_array_equal(view_window((5, 7), PROTOCOL), 1)


def test_margins_are_black_and_fade_into_the_image() -> None:
    window = view_window((20, 200), replace(PROTOCOL, blank_fraction=(0.0, 0.15)))
    np.testing.assert_array_equal(window, np.broadcast_to(window[0], (20, 200)))
    np.testing.assert_array_equal(window, window[:, ::-1])
    # Two of a hundred columns fade: the first of four is at a quarter.
    np.testing.assert_allclose(window[0, 28:35], [0, 0, 0.25, 0.5, 0.75, 1, 1])
    rows = view_window((200, 20), replace(PROTOCOL, blank_fraction=(0.15, 0.0)))
    np.testing.assert_array_equal(rows, window.T)


@pytest.mark.parametrize("share", [-0.1, 0.5, float("nan")])
def test_margins_must_leave_something(share: float) -> None:
    with pytest.raises(ValueError, match="black margin"):
        view_window((20, 20), replace(PROTOCOL, blank_fraction=(share, 0.0)))
