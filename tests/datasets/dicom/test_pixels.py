"""The pixels of DICOM slices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pydicom
import pytest

from shoulderseg.datasets.dicom.folder import read_folder

from .findings import only, used
from .writing import (
    COUNT,
    Slice,
    changed,
    series,
    voxels,
    write,
)

if TYPE_CHECKING:
    from pydicom import Dataset


def test_each_slice_has_its_own_rescale_slope(tmp_path: Path) -> None:
    def rescale(dataset: Dataset, index: int) -> None:
        dataset.RescaleSlope, dataset.RescaleIntercept = 1 + 0.5 * index, -10 * index

    write(tmp_path, changed(series(), rescale))
    number = np.arange(COUNT)[:, None, None]
    wanted = voxels() * (1 + 0.5 * number) - 10 * number
    np.testing.assert_allclose(used(only(tmp_path)), wanted)


def test_where_small_values_are_bright_they_are_turned_round(tmp_path: Path) -> None:
    write(tmp_path, series(PhotometricInterpretation="MONOCHROME1"))
    array = used(only(tmp_path))
    total = array + voxels()
    assert total.min() == total.max()


COMPRESSED = {
    "MR_small.dcm": "1.2.840.10008.1.2.1",
    "MR_small_implicit.dcm": "1.2.840.10008.1.2",
    "MR_small_bigendian.dcm": "1.2.840.10008.1.2.2",
    "MR_small_RLE.dcm": "1.2.840.10008.1.2.5",
    "MR_small_jp2klossless.dcm": "1.2.840.10008.1.2.4.90",
    "MR_small_jpeg_ls_lossless.dcm": "1.2.840.10008.1.2.4.80",
}


@pytest.mark.parametrize("name", COMPRESSED)
def test_compressed_pixels_are_the_same(tmp_path: Path, name: str) -> None:
    from pydicom.data import get_testdata_file

    path = Path(str(get_testdata_file(name, download=False)))
    assert pydicom.dcmread(path).file_meta.TransferSyntaxUID == COMPRESSED[name]
    plain = pydicom.dcmread(str(get_testdata_file("MR_small.dcm", download=False)))
    (tmp_path / name).write_bytes(path.read_bytes())
    np.testing.assert_array_equal(used(only(tmp_path))[0], plain.pixel_array)


def test_an_unknown_transfer_syntax_is_refused(tmp_path: Path) -> None:
    (path,) = write(tmp_path, series()[:1])
    data = path.read_bytes()
    # Of the same length, so that the file stays whole.
    path.write_bytes(data.replace(b"1.2.840.10008.1.2.1\x00", b"1.2.840.99999.1.2.1\x00", 1))
    (finding,) = read_folder(tmp_path).files
    assert finding.refused
    assert finding.reason == "its transfer syntax is unknown. Export it uncompressed."


def test_slices_are_plain(tmp_path: Path) -> None:
    """The writer of these tests is itself right: pydicom reads the same."""
    (path,) = write(tmp_path, [Slice(series()[2].dataset, voxels()[2])])
    np.testing.assert_array_equal(pydicom.dcmread(path).pixel_array, voxels()[2])


def test_axes_that_were_rounded_are_read_as_they_were_judged(tmp_path: Path) -> None:
    def turn(dataset: Dataset, index: int) -> None:
        # Along the row 1.0069 long; two digits are what some archives keep.
        dataset.ImageOrientationPatient = [0.87, 0.5, 0, 0, 0, -1]
        dataset.ImagePositionPatient = [0.5 * 3.3 * index, -0.87 * 3.3 * index, 0]

    write(tmp_path, changed(series(), turn))
    array = used(only(tmp_path))
    assert sorted(plane.min() for plane in array) == sorted(plane.min() for plane in voxels())


def test_a_slice_that_does_not_say_how_many_values_a_pixel_has_is_grey(tmp_path: Path) -> None:
    def leave_out(dataset: Dataset, _: int) -> None:
        del dataset.SamplesPerPixel

    write(tmp_path, changed(series(), leave_out))
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())
