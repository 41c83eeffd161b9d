"""The bundle that comes with the package."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.phantom.case import make_case
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.evaluation.overlap import count_voxels, dice
from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.bundles.store import find_bundle
from shoulderseg.workflows.segmentation.segment import prepare
from shoulderseg.workflows.segmentation.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from shoulderseg.datasets.phantom.scanner.protocol import Plane
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.workflows.segmentation.segment import Segmentation
    from tests.cli.conftest import Run

MIB = 2**20


@pytest.fixture(scope="module")
def segment() -> Callable[[Volume], Segmentation]:
    bundle = read_bundle(find_bundle("default"))
    return prepare(bundle, Settings("cpu", None, mirroring=False, vote="majority"))


def test_it_is_small_sound_and_listed(run: Run) -> None:
    folder = find_bundle("default")
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    assert sum(sizes.values()) < 25 * MIB
    assert all(size < 7 * MIB for name, size in sizes.items() if "fold" in name)
    assert read_bundle(folder).upright
    listed = json.loads(run("models", "--json").output)["bundles"]
    assert listed[0]["name"] == "default"
    assert listed[0]["problem"] is None


@pytest.mark.parametrize("plane", ["coronal", "axial"])
def test_it_finds_the_bones_of_a_phantom_and_of_its_mirror_image(
    segment: Callable[[Volume], Segmentation], plane: Plane
) -> None:
    options = PhantomOptions(
        sequence="pd-fs",
        plane=plane,
        side="left",
        health="healthy",
        shape=(3, 128, 128),
        spacing_mm=(9.0, 1.25, 1.25),
    )
    case = make_case(options, np.random.default_rng(11), workers=1)
    mirrored = replace(case.image, array=np.ascontiguousarray(case.image.array[:, :, ::-1]))
    left, right = segment(case.image).label_map, segment(mirrored).label_map[:, :, ::-1]
    for value, least in ((1, 0.9), (2, 0.75)):
        truth = case.label_map == value
        scores = [dice(count_voxels(found == value, truth)) for found in (left, right)]
        assert min(scores) > least
        # The model card says how near they are on average; a left shoulder must not be lost.
        assert scores[0] == pytest.approx(scores[1], abs=0.1)
