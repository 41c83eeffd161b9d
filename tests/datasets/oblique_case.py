"""An oblique, anisotropic, non-square shoulder of two lopsided blocks, and its DICOM series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.transform import Rotation

from shoulderseg.datasets.phantom.case import PhantomCase
from shoulderseg.datasets.phantom.dicom_series import SeriesIdentity, write_series
from shoulderseg.datasets.phantom.grid import ScanGrid
from shoulderseg.datasets.phantom.scanner.protocol import Protocol
from shoulderseg.datasets.volume import Volume

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

SHAPE = (6, 40, 52)
SPACING_MM = (3.3, 0.5, 0.7)
ORIGIN_MM = (-180.058222, -97.147766, 112.82799)
HUMERUS, GLENOID = 1, 2


def oblique_image(shape: tuple[int, int, int] = SHAPE) -> Volume:
    """Grey values 0 to 2999, int16."""
    axes = Rotation.from_euler("xyz", [20, 35, -50], degrees=True).as_matrix()
    direction = tuple(float(number) for number in axes.ravel())
    array = np.random.default_rng(5).integers(0, 3000, shape, dtype=np.int16)
    return Volume(array, SPACING_MM, ORIGIN_MM, direction)


def lopsided_labels(shape: tuple[int, int, int] = SHAPE) -> npt.NDArray[np.uint8]:
    """Two L-shaped bones in the first slices; the glenoid lies on the image's edge."""
    label_map = np.zeros(shape, dtype=np.uint8)
    label_map[:4, 5:20, 8:14] = HUMERUS
    label_map[:2, 14:20, 14:31] = HUMERUS
    label_map[:3, 30:, 36:42] = GLENOID
    label_map[:1, 24:30, 36:39] = GLENOID
    return label_map


def centroid_mm(mask: npt.NDArray[np.bool_], volume: Volume) -> npt.NDArray[np.float64]:
    """World position (LPS) of a mask's centre."""
    middle = np.argwhere(mask).mean(axis=0)[::-1]
    axes = np.reshape(volume.direction, (3, 3)) * np.array(volume.spacing_mm[::-1])
    centre: npt.NDArray[np.float64] = axes @ middle + volume.origin_mm
    return centre


def write_sources(folder: Path, image: Volume, seed: int = 1) -> list[Path]:
    """Writes the image as a DICOM series; gives its files in the order of the slices."""
    protocol = Protocol(
        sequence="pd-fs",
        plane="coronal",
        field_t=3.0,
        tr_ms=3200.0,
        te_ms=38.5,
        flip_deg=90.0,
        echo_spacing_ms=9.6,
        shape=image.array.shape,
        spacing_mm=image.spacing_mm,
        thickness_mm=3.0,
        acquired_fraction=(0.5, 0.8),
        phase_axis=1,
        bandwidth_hz=212.3,
        snr=20.0,
        fat_saturation_failure=0.1,
        bias_strength=0.1,
        coil_falloff=0.5,
        ghosting=0.0,
        wrap_fraction=0.0,
        echo_train=7,
    )
    grid = ScanGrid(image.array.shape, image.spacing_mm, 3.0, image.origin_mm, image.direction)
    said: dict[str, Any] = {"sex": "female", "side": "right"}
    case = PhantomCase(
        image=image,
        label_map=np.zeros(image.array.shape, np.uint8),
        tissue_map=np.zeros(image.array.shape, np.uint8),
        protocol=protocol,
        grid=grid,
        parameters={"dimensions": said, "contrast": "physical"},
        measurements={},
    )
    write_series(folder, case, SeriesIdentity(3, f"seed {seed}"))
    return sorted(folder.iterdir())
