"""From every input format to every output format, bones stay where they are in the patient.

The labels are grey values of the image, so that no network stands between reading and writing. What
is written is read by libraries that did not write it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK
import trimesh

from shoulderseg.datasets.orientation import Reorientation, reorient
from shoulderseg.datasets.surfaces import build_surface
from shoulderseg.datasets.writer import write_image
from shoulderseg.workflows.inputs.discover import find_inputs
from shoulderseg.workflows.inputs.zip_archive import unpacked
from shoulderseg.workflows.outputs.formats import Format
from shoulderseg.workflows.outputs.plan import Case, OutputPlan
from shoulderseg.workflows.outputs.write import write_outputs
from tests.datasets.oblique_case import (
    GLENOID,
    HUMERUS,
    centroid_mm,
    lopsided_labels,
    oblique_image,
    write_sources,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume

VALUES = {"humerus": HUMERUS, "glenoid": GLENOID}
GREY = {HUMERUS: 2000, GLENOID: 1000}


def scan() -> Volume:
    """The bones as grey values on faint noise."""
    image, labels = oblique_image(), lopsided_labels()
    array = (image.array % 100).astype(np.int16)
    for value, grey in GREY.items():
        array[labels == value] = grey
    return replace(image, array=array)


def as_dicom(folder: Path) -> Path:
    paths = write_sources(folder / "series", scan())
    for number, path in enumerate(paths):
        path.rename(path.with_name(f"{(number * 5) % 11:02d}"))
    return folder


def as_zip(folder: Path) -> Path:
    as_dicom(folder)
    with zipfile.ZipFile(folder / "scan.zip", "w") as archive:
        for path in (folder / "series").iterdir():
            archive.write(path, f"a/{path.name}")
    return folder / "scan.zip"


def as_file(suffix: str, turn: Reorientation | None = None) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        image = scan() if turn is None else reorient(scan(), turn)
        write_image(folder / f"scan{suffix}", image)
        return folder / f"scan{suffix}"

    return write


INPUTS: dict[str, Callable[[Path], Path]] = {
    "nii": as_file(".nii"),
    "nii.gz": as_file(".nii.gz"),
    "nrrd": as_file(".nrrd"),
    "mha": as_file(".mha"),
    "nii.gz with other axes": as_file(".nii.gz", Reorientation((2, 0, 1), (0, 2))),
    "dicom": as_dicom,
    "zip": as_zip,
}


@pytest.fixture(scope="module")
def centres() -> dict[str, npt.NDArray[np.float64]]:
    """Where the smoothed surfaces of the bones have their centres."""
    found = {}
    for bone, value in VALUES.items():
        surface = build_surface(lopsided_labels() == value, oblique_image())
        assert surface is not None
        found[bone] = np.array(trimesh.Trimesh(surface.vertices_mm, surface.faces).center_mass)
    return found


def by_nibabel(path: Path, value: int) -> npt.NDArray[np.float64]:
    image = nibabel.nifti1.load(path)
    middle = np.argwhere(np.asarray(image.dataobj) == value).mean(axis=0)
    return np.asarray((image.affine @ [*middle, 1])[:3] * [-1, -1, 1])


def by_simpleitk(path: Path, value: int) -> npt.NDArray[np.float64]:
    image = SimpleITK.ReadImage(str(path))
    middle = np.argwhere(SimpleITK.GetArrayFromImage(image) == value).mean(axis=0)
    return np.array(image.TransformContinuousIndexToPhysicalPoint(middle[::-1].tolist()))


def by_pydicom(path: Path, value: int) -> npt.NDArray[np.float64]:
    dataset = pydicom.dcmread(path)
    shared = dataset.SharedFunctionalGroupsSequence[0]
    axes = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
    row_mm, column_mm = map(float, shared.PixelMeasuresSequence[0].PixelSpacing)
    along, down = axes[:3] * column_mm, axes[3:] * row_mm
    places = []
    frames = dataset.pixel_array
    for pixels, group in zip(frames, dataset.PerFrameFunctionalGroupsSequence, strict=True):
        if group.SegmentIdentificationSequence[0].ReferencedSegmentNumber == value:
            corner = np.array(group.PlanePositionSequence[0].ImagePositionPatient, float)
            rows, columns = np.nonzero(pixels)
            places.append(corner + columns[:, None] * along + rows[:, None] * down)
    return np.asarray(np.concatenate(places).mean(axis=0))


@pytest.mark.parametrize("kind", INPUTS)
def test_bones_stay_where_they_are(
    tmp_path: Path, kind: str, centres: dict[str, npt.NDArray[np.float64]]
) -> None:
    (tmp_path / "in").mkdir()
    with unpacked(INPUTS[kind](tmp_path / "in")) as found:
        (source,) = find_inputs(found).cases
        volume = source.load()
        label_map = np.zeros(volume.array.shape, np.uint8)
        for value, grey in GREY.items():
            label_map[volume.array == grey] = value
        formats = [form for form in Format if source.source_files or form is not Format.dicom]
        plan = OutputPlan(tmp_path / "out", tuple(formats))
        plan.start()
        case = Case("case", source.source_files)
        record = write_outputs(plan, case, label_map, volume, VALUES)
    readers = {".nii.gz": by_nibabel, ".nrrd": by_simpleitk, ".mha": by_simpleitk}
    readers |= {".seg.nrrd": by_simpleitk, ".seg.dcm": by_pydicom}
    for bone, value in VALUES.items():
        expected_mm = centroid_mm(lopsided_labels() == value, oblique_image())
        for suffix, reader in readers.items():
            path = plan.out / f"case{suffix}"
            if suffix == ".seg.dcm" and not source.source_files:
                assert not path.exists()
                continue
            assert path.name in record["outputs"]
            np.testing.assert_allclose(reader(path, value), expected_mm, atol=0.01)
        for suffix in (".stl", ".ply"):
            mesh = trimesh.load_mesh(plan.out / f"case_{bone}{suffix}")
            assert mesh.is_watertight
            # Smoothing rounds the corners of these blocks, which moves their centre a little.
            np.testing.assert_allclose(mesh.center_mass, expected_mm, atol=0.25)
            np.testing.assert_allclose(mesh.center_mass, centres[bone], atol=0.01)
