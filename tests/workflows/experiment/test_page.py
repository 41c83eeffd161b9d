"""The page and its pictures."""

from __future__ import annotations

import base64
import html
import io
import re

import numpy as np
from PIL import Image

from shoulderseg.datasets.volume import Volume
from shoulderseg.workflows.experiment.page import Shown, render_page
from shoulderseg.workflows.experiment.pictures import (
    REFERENCE_COLOUR,
    RESULT_COLOUR,
    Box,
    box_of,
    chosen_slices,
    slice_picture,
)
from shoulderseg.workflows.experiment.table import Outcome, compare_rows, patient_scores
from tests.workflows.experiment.made_experiment import AXES, scores_of

HOSTILE = "<script>alert('1')</script>\"&"


def test_boxes_and_slices_are_those_known_on_paper() -> None:
    assert box_of([0.5, 0.1, float("nan"), 0.2, 0.3, 0.4]) == Box(
        0.1, 0.2, 0.3, 0.4, 0.5, (0.1, 0.2, 0.3, 0.4, 0.5)
    )
    assert box_of([float("nan")]) is None
    dice = {
        "a": {"humerus": {"0": 0.9, "1": 0.2}, "glenoid": {"0": 0.7}},
        "b": {"humerus": {"4": 0.95}, "glenoid": {}},
    }
    assert chosen_slices(dice) == [("best", "b", 4), ("median", "a", 0), ("worst", "a", 1)]
    two = {"a": {"humerus": {"7": 0.5, "8": 0.6}}}
    assert chosen_slices(two) == [("best", "a", 8), ("worst", "a", 7)]
    assert chosen_slices({"a": {"humerus": {"7": 0.5}}}) == [("best", "a", 7)]
    assert chosen_slices({}) == []


def test_a_slice_has_square_millimetres_and_both_outlines() -> None:
    rng = np.random.default_rng(1)
    image = Volume(
        rng.normal(size=(10, 3, 20)).astype(np.float32), (1.0, 4.0, 2.0), (0, 0, 0), AXES
    )
    result = np.zeros(image.array.shape, np.uint8)
    reference = result.copy()
    result[2:8, 1, 2:6] = 1
    reference[2:8, 1, 10:16] = 2
    packed = slice_picture(image, result, reference, 1, axis=1)
    picture = np.array(Image.open(io.BytesIO(base64.b64decode(packed))))
    # 10 mm high and 40 mm wide.
    high, wide, _ = picture.shape
    assert abs(wide / high - 4) < 0.1
    for colour, place in ((RESULT_COLOUR, 4 / 20), (REFERENCE_COLOUR, 13 / 20)):
        _, columns = np.nonzero((picture == colour).all(axis=2))
        assert abs(columns.mean() / wide - place) < 0.02


def test_whatever_a_file_brought_in_stays_text() -> None:
    rows = {"unets": (0.8, 0.6), "vote3": (0.85, 0.7)}
    scores = patient_scores({"a": scores_of("a", rows), "b": scores_of("b", rows)})
    compared = compare_rows(scores, np.random.default_rng(1))
    page = render_page(
        Shown(
            dataset=HOSTILE,
            outcome=Outcome(scores, compared, 1.0, "vote3", [HOSTILE]),
            slices=[{"text": HOSTILE, "png": "iVBORw0KGgo="}],
            curves={HOSTILE: [(0, 0.1, 0.2), (1, -0.1, -0.2)], "empty": []},
            facts=[("name", HOSTILE)],
        )
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 6
    assert "default-src 'none'" in html.unescape(page)
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page)
    assert "vote of three U-Nets *" in page
    assert page.count("<polyline") == 2
    # The page has a box for each row and structure.
    assert page.count('class="median"') == 2 * 4
