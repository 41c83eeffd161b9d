"""Series that may lack a slice, since a file beside their slices is damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import generate_uid

from shoulderseg.datasets.dicom.folder import read_folder

from .enhanced_writing import enhanced, frames_of, save
from .findings import found, only, refusal, used
from .writing import series, voxels, write

_MISSING = "slices may be missing"


def _named(folder: Path, suffix: str) -> list[Path]:
    """A series whose files are counted, as scanners and archives call them."""
    paths = write(folder, series())
    return [path.rename(path.with_name(f"IM{k + 1:04d}{suffix}")) for k, path in enumerate(paths)]


@pytest.mark.parametrize("suffix", ["", ".dcm", ".IMA", ".7"])
def test_a_last_slice_cut_anywhere_in_its_header_refuses_its_series(
    tmp_path: Path, suffix: str
) -> None:
    *_, last = _named(tmp_path, suffix)
    whole = last.read_bytes()
    # The pixels are 1536 bytes; a slice that is cut within them is refused by its place.
    for keep in (0, 1, 100, 131, 132, 140, *range(150, len(whole) - 1536, 41)):
        last.write_bytes(whole[:keep])
        findings = read_folder(tmp_path)
        (one,) = findings.series
        assert (one.verdict, one.stack) == ("refuse", None), keep
        assert (
            f"1 DICOM file of its series, or beside its slices, cannot be read: {_MISSING}"
            in (one.reason)
            or "file ends early" in one.reason
        )
        told = [finding.path for finding in findings.files if finding.refused]
        assert told == ([] if "file ends early" in one.reason else [last]), keep
        assert findings.others == ()


def test_a_last_slice_without_a_place_refuses_its_series_wherever_it_lies(tmp_path: Path) -> None:
    slices = series()
    del slices[-1].dataset.ImagePositionPatient
    write(tmp_path / "here", slices[:-1])
    write(tmp_path / "there", slices[-1:])
    assert _MISSING in refusal(tmp_path)


def test_a_damaged_file_of_another_series_is_nobody_elses_loss(tmp_path: Path) -> None:
    other = series(seed=1)[:1]
    del other[0].dataset.ImagePositionPatient
    write(tmp_path, series())
    write(tmp_path, other, "b")
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())
    assert [finding.refused for finding in read_folder(tmp_path).files] == [True]


def test_a_damaged_copy_of_a_slice_that_is_here_is_no_loss(tmp_path: Path) -> None:
    copy = series()[6:]
    del copy[0].dataset.ImagePositionPatient
    write(tmp_path, series())
    write(tmp_path, copy, "b")
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())


def test_one_folder_a_slice(tmp_path: Path) -> None:
    for index, path in enumerate(write(tmp_path / "store", series())):
        place = tmp_path / "in" / f"{index}"
        place.mkdir(parents=True)
        path.rename(place / "IM")
    (tmp_path / "in" / "6" / "IM").write_bytes(b"")
    assert _MISSING in refusal(tmp_path / "in")


def test_other_files_of_an_export_refuse_no_series(tmp_path: Path) -> None:
    """An index, texts, viewers, screenshots and reports, and what a zip left empty."""
    _named(tmp_path, "")
    (tmp_path / "DICOMDIR").write_bytes(bytes(128) + b"DICM")
    for name in ("README", "VERSION", "autorun.inf", "viewer.exe", "IM0003.txt", "IM0003.json"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "LOCKFILE2").write_bytes(b"some words")
    (tmp_path / "README.dcm").write_bytes(b"")
    (tmp_path / "broken.dcm").write_bytes(b"x" * 300)
    screen = series(SOPClassUID="1.2.840.10008.5.1.4.1.1.7", Modality="OT")[:1]
    report = series(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR")[:1]
    state = series(SOPClassUID="1.2.840.10008.5.1.4.1.1.11.1", Modality="PR")[:1]
    colour = series(SamplesPerPixel=3)[:1]
    for number, item in enumerate([*screen, *report, *state, *colour]):
        item.dataset.SOPInstanceUID = generate_uid(entropy_srcs=[str(number)])
        if number in (1, 2):
            del item.dataset.Rows
        (path,) = write(tmp_path / "made", [item])
        path.rename(tmp_path / f"IM{number + 11:04d}")
    (tmp_path / "made").rmdir()
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())


def test_a_damaged_file_beside_a_whole_multi_frame_file_is_no_loss(tmp_path: Path) -> None:
    save(tmp_path, enhanced(frames_of(series())), "one.dcm")
    broken = save(tmp_path, enhanced(frames_of(series(seed=1))), "two.dcm")
    broken.write_bytes(broken.read_bytes()[:300])
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())


def test_another_series_in_another_folder_goes_on(tmp_path: Path) -> None:
    write(tmp_path / "one", series())
    *_, last = write(tmp_path / "two", series(seed=1))
    last.write_bytes(last.read_bytes()[:300])
    assert [one.verdict for one in found(tmp_path)] == ["use", "refuse"]


def test_a_whole_number_of_a_series_is_not_the_beginning_of_anothers(tmp_path: Path) -> None:
    for number in (10, 11):
        write(tmp_path, series(seed=number, SeriesInstanceUID=f"1.2.3.4.{number}"), f"a{number}")
    broken = series(SeriesInstanceUID="1.2.3.4.1")
    del broken[0].dataset.ImagePositionPatient
    write(tmp_path, broken[:1], "b")
    assert [one.verdict for one in found(tmp_path)] == ["use", "use"]
    # Cut off within it, it may be that of either.
    (path,) = write(tmp_path, broken[:1], "b")
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"1.2.3.4.1") + len("1.2.3.4.1")])
    assert [one.verdict for one in found(tmp_path)] == ["refuse", "refuse"]


@pytest.mark.parametrize("fault", ["colours", "place", "bits"])
def test_a_whole_header_without_its_series_is_nobodys_loss(tmp_path: Path, fault: str) -> None:
    """A map in colours, or a faulty image, of which an anonymiser took the number."""
    write(tmp_path, series())
    (other,) = series(seed=1, SeriesInstanceUID="")[:1]
    if fault == "colours":
        other.dataset.PhotometricInterpretation = "PALETTE COLOR"
    elif fault == "place":
        del other.dataset.ImagePositionPatient
    else:
        other.dataset.BitsStored = 12
    write(tmp_path, [other], "b")
    assert [finding.refused for finding in read_folder(tmp_path).files] == [True]
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())


def test_an_image_in_colours_is_no_slice_of_its_series(tmp_path: Path) -> None:
    write(tmp_path, series())
    (other,) = series(PhotometricInterpretation="PALETTE COLOR")[:1]
    other.dataset.SOPInstanceUID = generate_uid(entropy_srcs=["map"])
    write(tmp_path, [other], "b")
    (told,) = read_folder(tmp_path).files
    assert "PALETTE COLOR" in told.reason
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())


def test_a_faulty_slice_refuses_slices_of_which_no_series_is_known(tmp_path: Path) -> None:
    slices = series(SeriesInstanceUID="")
    del slices[-1].dataset.ImagePositionPatient
    write(tmp_path, slices)
    assert _MISSING in refusal(tmp_path)


def _counted(folder: Path, *names: str) -> None:
    for path, name in zip(write(folder, series()), names, strict=True):
        path.rename(folder / name)


_DIGITS = tuple(f"{k:08d}" for k in range(7))


@pytest.mark.parametrize("name", ["CD1", "DB1", "A4", "D1", "E2", "F5", "FACE1", "0", "0000000A"])
@pytest.mark.parametrize("content", [b"", b"words"])
def test_other_names_than_those_of_slices(tmp_path: Path, name: str, content: bytes) -> None:
    _counted(tmp_path, *_DIGITS)
    (tmp_path / name).write_bytes(content)
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())


def test_a_file_of_something_else_is_no_slice_whatever_its_name(tmp_path: Path) -> None:
    _counted(tmp_path, *_DIGITS)
    (tmp_path / "00000007").write_bytes(b"words")
    findings = read_folder(tmp_path)
    assert (findings.files, findings.others) == ((), (tmp_path / "00000007",))
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())


@pytest.mark.parametrize("content", [b"", bytes(100), bytes(5000), b"\x08\0\x05\0CS"])
@pytest.mark.parametrize(
    ("names", "lost"),
    [
        (_DIGITS, "00000007"),
        (("3", "4", "5", "6", "7", "8", "9"), "10"),
        (("1a", "2b", "3c", "4d", "5e", "6f", "70"), "8a"),
    ],
)
def test_what_is_left_of_a_slice_refuses_its_series(
    tmp_path: Path, names: tuple[str, ...], lost: str, content: bytes
) -> None:
    _counted(tmp_path, *names)
    (tmp_path / lost).write_bytes(content)
    assert _MISSING in refusal(tmp_path)
    assert [finding.path.name for finding in read_folder(tmp_path).files] == [lost]
