"""A shoulder of simple shapes, in the layout of the TotalSegmentator datasets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

HEAD_MM = 22.0


class Body(NamedTuple):
    """A left shoulder of simple shapes in a large image, and where it is.

    Attributes:
        image: Oblique, anisotropic, not square.
        humerus: A sphere with a shaft, bool (Z, Y, X).
        scapula: A cup around the sphere's medial side with a long neck, and an acromion.
        centre_mm: Of the sphere, LPS.
    """

    image: Volume
    humerus: npt.NDArray[np.bool_]
    scapula: npt.NDArray[np.bool_]
    centre_mm: npt.NDArray[np.float64]


def draw_body(side: str) -> Body:
    """Draws a shoulder of a side."""
    axes = Rotation.from_euler("xyz", [8, -12, 15], degrees=True).as_matrix()
    spacing, shape = (3.0, 1.5, 2.0), (60, 150, 110)
    centre = np.array([130.0 if side == "left" else -130.0, -20.0, 40.0])
    middle = np.array([size / 2 * step for size, step in zip(shape, spacing, strict=True)])[::-1]
    # Off the middle, so that a swapped axis or a wrong corner shows.
    origin = centre - axes @ (middle + np.array([20.0, -15.0, 10.0]))
    grid = Volume(
        np.random.default_rng(len(side)).normal(300, 40, shape).astype(np.float32),
        spacing,
        (float(origin[0]), float(origin[1]), float(origin[2])),
        tuple(float(value) for value in axes.ravel()),
    )
    index = np.moveaxis(np.indices(shape)[::-1], 0, -1) * np.array(spacing[::-1])
    away = index @ axes.T + origin - centre
    far = np.linalg.norm(away, axis=-1)
    medial = np.array([-1.0 if side == "left" else 1.0, 1.0, 0.0]) / np.sqrt(2)
    along = away @ medial
    across = np.linalg.norm(away - along[..., None] * medial, axis=-1)
    x, y, z = np.moveaxis(away, -1, 0)
    humerus = (far <= HEAD_MM) | ((np.hypot(x, y) <= 11) & (z <= 0) & (z >= -65))
    neck = (along >= 0) & (along <= 100) & (across <= 15) & (far >= HEAD_MM + 4)
    lateral = -x if side == "right" else x
    acromion = (np.abs(z - HEAD_MM - 12) <= 5) & (np.abs(lateral) <= 20) & (np.abs(y) <= 12)
    return Body(grid, humerus, neck | acromion, centre)


def write_subject(folder: Path, body: Body, side: str, image_name: str = "mri.nii.gz") -> None:
    """Writes one folder of a TotalSegmentator dataset that shows one side."""
    (folder / "segmentations").mkdir(parents=True)
    write_image(folder / image_name, body.image)
    empty = np.zeros(body.humerus.shape, np.uint8)
    other = "right" if side == "left" else "left"
    masks = {
        f"humerus_{side}": body.humerus,
        f"scapula_{side}": body.scapula,
        f"humerus_{other}": empty,
        "liver": empty,
    }
    for name, mask in masks.items():
        volume = replace(body.image, array=mask.astype(np.uint8))
        write_image(folder / "segmentations" / f"{name}.nii.gz", volume)
