"""A bundle of untrained U-Nets, and images of two discs with their label maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK

from tests.untrained import write_untrained

SPACING_XYZ = (2.0, 2.0, 4.0)


def put(path: Path, array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> None:
    """Writes an image, or a label map."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = SimpleITK.GetImageFromArray(array)
    image.SetSpacing(SPACING_XYZ)
    SimpleITK.WriteImage(image, str(path))


def put_discs(folder: Path, slices: int) -> None:
    """Puts a bundle, five images and their label maps into a folder."""
    (folder / "bundle").mkdir()
    write_untrained(folder / "bundle")
    rng = np.random.default_rng(5)
    rows, columns = np.mgrid[:32, :32]
    for number in range(5):
        label_map = np.zeros((slices, 32, 32), np.uint8)
        label_map[:, np.hypot(rows - 15, columns - 11) < 7] = 1
        label_map[:, np.hypot(rows - 15, columns - 22) < 3] = 2
        image = 100.0 * (label_map > 0) + 20.0 * rng.standard_normal(label_map.shape)
        put(folder / "images" / f"c{number}.nii.gz", image.astype(np.float32))
        put(folder / "labels" / f"c{number}.nii.gz", label_map)
