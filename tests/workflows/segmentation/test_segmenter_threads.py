"""One segmenter that several threads call."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shoulderseg import Segmenter
from shoulderseg.datasets.writer import write_image
from shoulderseg.workflows.bundles.bundle import read_bundle
from tests.datasets.oblique_case import oblique_image
from tests.untrained import write_untrained


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_threads_get_what_they_would_get_alone(tmp_path: Path, engine: str) -> None:
    (tmp_path / "bundle").mkdir()
    write_untrained(tmp_path / "bundle", crop=True)
    segmenter = Segmenter(tmp_path / "bundle", device="cpu", mirroring=False, engine=engine)  # type: ignore[arg-type]
    image = oblique_image()
    rng = np.random.default_rng(5)
    images = [
        replace(
            image, array=(image.array + rng.normal(0, 20, image.array.shape)).astype(np.float32)
        )
        for _ in range(6)
    ]
    alone = [segmenter(one).probabilities["whole"] for one in images]

    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda one: segmenter(one).probabilities["whole"], images))

    assert read_bundle(tmp_path / "bundle").crop
    assert not np.array_equal(alone[0], alone[1])
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_folder_of_which_one_image_is_refused_is_not_half_segmented(
    untrained: Path, tmp_path: Path
) -> None:
    segmenter = Segmenter(untrained, device="cpu", mirroring=False)
    image = oblique_image()
    image = replace(image, array=image.array.astype(np.float32))
    write_image(tmp_path / "scan.nii.gz", image)
    write_image(tmp_path / "scan.nrrd", image)

    with pytest.raises(ValueError, match=r"which is refused: .*use many\(\)"):
        segmenter(tmp_path)
    results = list(segmenter.many(tmp_path))
    assert [bool(result.error) for result in results] == [True, False]
