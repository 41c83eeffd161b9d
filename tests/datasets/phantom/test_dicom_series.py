from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pydicom
import pytest
import SimpleITK
from scipy.spatial.transform import Rotation

from shoulderseg.datasets.phantom.case import PhantomCase
from shoulderseg.datasets.phantom.dicom_series import SeriesIdentity, write_series
from shoulderseg.datasets.phantom.grid import ScanGrid
from shoulderseg.datasets.phantom.scanner.protocol import Protocol
from shoulderseg.datasets.reader import read_image
from shoulderseg.datasets.volume import Volume

if TYPE_CHECKING:
    from pathlib import Path

SHAPE = (12, 7, 11)
SPACING_MM = (3.3, 0.5, 0.7)
ORIGIN_MM = (-180.058222, -97.147766, 112.82799)
IDENTITY = SeriesIdentity(3, "seed 1, pd-fs")


@pytest.fixture
def case() -> PhantomCase:
    """An oblique, anisotropic, non-square stack with a gap; more slices than one digit counts."""
    axes = Rotation.from_euler("xyz", [20, 35, -50], degrees=True).as_matrix()
    direction = tuple(float(number) for number in axes.ravel())
    array = np.random.default_rng(5).integers(0, 3000, SHAPE, dtype=np.int16)
    protocol = Protocol(
        sequence="pd-fs",
        plane="coronal",
        field_t=3.0,
        tr_ms=3200.123456789,
        te_ms=38.5,
        flip_deg=90.0,
        echo_spacing_ms=9.6,
        shape=SHAPE,
        spacing_mm=SPACING_MM,
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
    return PhantomCase(
        image=Volume(array, SPACING_MM, ORIGIN_MM, direction),
        label_map=np.zeros(SHAPE, np.uint8),
        tissue_map=np.zeros(SHAPE, np.uint8),
        protocol=protocol,
        grid=ScanGrid(SHAPE, SPACING_MM, 3.0, ORIGIN_MM, direction),
        parameters={
            "dimensions": {"sex": "female", "side": "right"},
            "contrast": "physical",
        },
        measurements={},
    )


def headers(folder: Path) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.iterdir())]


def test_simpleitk_reads_the_same_voxels_in_the_same_places(
    case: PhantomCase, tmp_path: Path
) -> None:
    write_series(tmp_path / "a", case, IDENTITY)
    found = SimpleITK.ImageSeriesReader.GetGDCMSeriesIDs(str(tmp_path / "a"))
    assert len(found) == 1
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path / "a")))
    image = reader.Execute()
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image), case.image.array)
    np.testing.assert_allclose(image.GetSpacing(), SPACING_MM[::-1], atol=1e-4)
    np.testing.assert_allclose(image.GetOrigin(), ORIGIN_MM, atol=1e-4)
    np.testing.assert_allclose(image.GetDirection(), case.image.direction, atol=1e-4)


def test_the_project_reads_a_slice(case: PhantomCase, tmp_path: Path) -> None:
    write_series(tmp_path / "a", case, IDENTITY)
    volume = read_image(tmp_path / "a" / "IM0005.dcm")
    np.testing.assert_array_equal(volume.array, case.image.array[4:5])
    np.testing.assert_allclose(volume.spacing_mm, SPACING_MM, atol=1e-4)
    steps = case.grid.axes_mm()
    np.testing.assert_allclose(volume.origin_mm, ORIGIN_MM + 4 * steps[0], atol=1e-4)


def test_nobody_takes_it_for_a_patient(case: PhantomCase, tmp_path: Path) -> None:
    write_series(tmp_path / "a", case, IDENTITY)
    for header in headers(tmp_path / "a"):
        assert header.PatientName == "Nobody^Number 0003"
        assert header.PatientID == "PHANTOM-0003"
        assert header.PatientIdentityRemoved == header.SyntheticData == "YES"
        assert header.QualityControlImage == "YES"
        assert header.Manufacturer == "shoulderseg phantom"
        for text in (header.SeriesDescription, header.ImageComments, header.StudyDescription):
            assert "SYNTHETIC PHANTOM NOT A PATIENT" in text
        assert len(header.SeriesDescription) <= 64


def test_header_tells_the_protocol(case: PhantomCase, tmp_path: Path) -> None:
    write_series(tmp_path / "a", case, IDENTITY)
    slices = headers(tmp_path / "a")
    first = slices[0]
    assert first.SOPClassUID == pydicom.uid.MRImageStorage
    assert (first.Modality, first.BodyPartExamined, first.Laterality) == ("MR", "SHOULDER", "R")
    assert first.PatientSex == "F"
    assert float(first.RepetitionTime) == pytest.approx(3200.123456789)
    assert (first.EchoTime, first.FlipAngle, first.MagneticFieldStrength) == (38.5, 90, 3)
    assert (first.PixelBandwidth, first.EchoTrainLength) == (212.3, 7)
    assert (first.ScanningSequence, first.SequenceVariant, first.ScanOptions) == ("SE", "SK", "FS")
    assert (first.MRAcquisitionType, first.SliceThickness) == ("2D", 3)
    assert first.SpacingBetweenSlices == 3.3
    assert first.PixelSpacing == [0.5, 0.7]
    # Phase along the columns; half of 7 rows and 0.8 of 11 columns were acquired.
    assert first.InPlanePhaseEncodingDirection == "COL"
    assert first.AcquisitionMatrix == [0, 9, 4, 0]
    assert (first.BitsStored, first.HighBit, first.PixelRepresentation) == (12, 11, 0)
    assert [header.InstanceNumber for header in slices] == list(range(1, 13))
    places = [float(header.SliceLocation) for header in slices]
    np.testing.assert_allclose(np.diff(places), 3.3, atol=1e-6)


def test_header_of_an_inversion_recovery(case: PhantomCase, tmp_path: Path) -> None:
    protocol = replace(case.protocol, sequence="stir", field_t=0.25, inversion_ms=112.5)
    write_series(tmp_path / "a", replace(case, protocol=protocol), IDENTITY)
    first = headers(tmp_path / "a")[0]
    assert first.ScanningSequence == ["SE", "IR"]
    assert (first.InversionTime, first.MagneticFieldStrength) == (112.5, 0.25)
    assert first.ScanOptions == ""
    write_series(tmp_path / "b", case, IDENTITY)
    assert "InversionTime" not in headers(tmp_path / "b")[0]


def test_header_of_a_gradient_echo_volume(case: PhantomCase, tmp_path: Path) -> None:
    protocol = replace(case.protocol, sequence="gre", plane="isotropic", phase_axis=2)
    person = {"sex": "male", "side": "left"}
    other = replace(case, protocol=protocol, parameters={**case.parameters, "dimensions": person})
    write_series(tmp_path / "a", other, IDENTITY)
    first = headers(tmp_path / "a")[0]
    assert (first.MRAcquisitionType, first.ScanningSequence) == ("3D", "GR")
    assert not first.ScanOptions
    assert first.InPlanePhaseEncodingDirection == "ROW"
    assert first.AcquisitionMatrix == [4, 0, 0, 9]
    assert (first.PatientSex, first.Laterality) == ("M", "L")


def test_bright_images_use_sixteen_bits(case: PhantomCase, tmp_path: Path) -> None:
    bright = case.image.array.copy()
    bright[3, 2, 1] = 32767
    write_series(tmp_path / "a", replace(case, image=replace(case.image, array=bright)), IDENTITY)
    slices = headers(tmp_path / "a")
    assert {header.BitsStored for header in slices} == {16}
    np.testing.assert_array_equal(slices[3].pixel_array, bright[3])


def test_uids_follow_from_the_origin(case: PhantomCase, tmp_path: Path) -> None:
    others = {
        "again": IDENTITY,
        "seed": replace(IDENTITY, origin="seed 2, pd-fs"),
        "case": replace(IDENTITY, number=4),
    }
    write_series(tmp_path / "a", case, IDENTITY)
    first = headers(tmp_path / "a")
    uids = {header.SOPInstanceUID for header in first} | {
        value
        for header in first
        for value in (
            header.StudyInstanceUID,
            header.SeriesInstanceUID,
            header.FrameOfReferenceUID,
        )
    }
    assert len(uids) == len(first) + 3
    assert all(uid.is_valid and len(uid) <= 64 for uid in uids)
    for name, identity in others.items():
        write_series(tmp_path / name, case, identity)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
    for name in ("seed", "case"):
        for header in headers(tmp_path / name):
            assert not uids & {
                header.SOPInstanceUID,
                header.StudyInstanceUID,
                header.SeriesInstanceUID,
                header.FrameOfReferenceUID,
            }


def test_left_handed_slices_are_refused(case: PhantomCase, tmp_path: Path) -> None:
    axes = np.reshape(case.image.direction, (3, 3)) * [1, 1, -1]
    image = replace(case.image, direction=tuple(float(number) for number in axes.ravel()))
    with pytest.raises(ValueError, match="left-handed"):
        write_series(tmp_path / "a", replace(case, image=image), IDENTITY)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("value", [-1, 65536])
def test_values_that_do_not_fit_are_refused(case: PhantomCase, tmp_path: Path, value: int) -> None:
    array = case.image.array.astype(np.int32)
    array[0, 0, 0] = value
    with pytest.raises(ValueError, match="expected 0 to 65535"):
        write_series(
            tmp_path / "a", replace(case, image=replace(case.image, array=array)), IDENTITY
        )
    assert not (tmp_path / "a").exists()
