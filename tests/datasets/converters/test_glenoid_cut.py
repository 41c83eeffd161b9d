"""The cut against the definition of glenoid that the phantom follows."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from shoulderseg.datasets.converters.glenoid_cut import cut_glenoid
from shoulderseg.datasets.converters.joint import find_joint
from shoulderseg.datasets.phantom.case import make_case
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.evaluation.overlap import count_voxels, dice


@pytest.mark.parametrize("side", ["left", "right"])
def test_cut_resembles_the_phantoms_glenoid(side: Literal["left", "right"]) -> None:
    options = PhantomOptions(
        sequence="t1-se",
        plane="coronal",
        side=side,
        field_t=1.5,
        health="healthy",
        shape=(18, 50, 56),
        spacing_mm=(4.5, 2.4, 2.2),
    )
    truth = make_case(options, np.random.default_rng(5))
    whole = make_case(replace(options, whole_scapula=True), np.random.default_rng(5))
    humerus, scapula = whole.label_map == 1, whole.label_map == 2
    joint = find_joint(humerus, scapula, whole.image, side)
    assert joint.radius_mm == pytest.approx(whole.measurements["head_radius_mm"], abs=3)
    overlap = dice(count_voxels(cut_glenoid(scapula, joint, whole.image), truth.label_map == 2))
    # Of the whole scapula much more is in the image.
    assert dice(count_voxels(scapula, truth.label_map == 2)) < 0.85
    assert overlap > 0.9


def test_nothing_of_an_empty_scapula() -> None:
    options = PhantomOptions(
        plane="coronal",
        side="left",
        shape=(18, 50, 56),
        spacing_mm=(4.5, 2.4, 2.2),
        whole_scapula=True,
    )
    whole = make_case(options, np.random.default_rng(5))
    joint = find_joint(whole.label_map == 1, whole.label_map == 2, whole.image, "left")
    assert not cut_glenoid(whole.label_map > 9, joint, whole.image).any()
