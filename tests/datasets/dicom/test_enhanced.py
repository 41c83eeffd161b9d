"""Enhanced MR gives the voxels and the grid of its single-frame originals."""

from __future__ import annotations

from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.tag import Tag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
    generate_uid,
)

from shoulderseg.datasets.dicom.folder import read_folder
from shoulderseg.datasets.dicom.pixels import read_stack
from shoulderseg.datasets.volume import Volume, same_grid
from tests.datasets.dicom.enhanced_writing import enhanced, frames_of, save
from tests.datasets.dicom.findings import found, only, used
from tests.datasets.dicom.writing import Slice, changed, series, voxels, write


def _same(folder: Path, originals: list[Slice], place: int = 0) -> None:
    """The volume of the folder is that of the single-frame originals."""
    original = only_of(folder.parent / f"originals{place}", originals)
    one = found(folder)[place]
    assert one.verdict == "use", one.reason
    assert one.stack is not None
    volume = read_stack(one.stack)
    np.testing.assert_array_equal(volume.array, original.array)
    assert same_grid(volume, original, 1e-9)


def only_of(folder: Path, slices: list[Slice]) -> Volume:
    write(folder, slices)
    stack = only(folder).stack
    assert stack is not None
    return read_stack(stack)


@pytest.mark.parametrize("shared", [True, False])
def test_frames_in_scrambled_order(tmp_path: Path, shared: bool) -> None:
    frames = frames_of(series())
    order = np.random.default_rng(4).permutation(len(frames))
    save(tmp_path / "e", enhanced([frames[k] for k in order], shared=shared))
    _same(tmp_path / "e", series())
    np.testing.assert_array_equal(used(only(tmp_path / "e")), voxels())


def test_two_stacks_are_two_volumes(tmp_path: Path) -> None:
    """The second stack is turned by 90 degrees in its plane, as a second plane would be."""
    second = series(seed=1)
    for item in second:
        along = item.dataset.ImageOrientationPatient
        item.dataset.ImageOrientationPatient = [*along[3:], *[-value for value in along[:3]]]
        item.dataset.SeriesInstanceUID = series()[0].dataset.SeriesInstanceUID
    frames = [*frames_of(series()), *frames_of(second, stack="2")]
    save(tmp_path / "e", enhanced(frames[::-1]))
    assert len(found(tmp_path / "e")) == 2
    shown = {used(one)[0, 0, 0] for one in found(tmp_path / "e")}
    assert shown == {0, 1000}
    assert all(one.notes == () for one in found(tmp_path / "e"))


def test_two_parallel_stacks_do_not_mix(tmp_path: Path) -> None:
    """Stacks of one plane whose slices lie between each other, as of two shoulders in one file."""
    second = changed(series(seed=1), _moved)
    save(tmp_path / "e", enhanced([*frames_of(series()), *frames_of(second, stack="2")]))
    assert sorted(int(used(one)[0, 0, 0]) for one in found(tmp_path / "e")) == [0, 1000]


def _moved(dataset: pydicom.Dataset, _: int) -> None:
    dataset.ImagePositionPatient = [value + 1.1 for value in dataset.ImagePositionPatient]


def test_two_echoes_are_two_volumes(tmp_path: Path) -> None:
    late = changed(series(seed=2), lambda dataset, _: setattr(dataset, "EchoTime", 90))
    frames = [*frames_of(series()), *frames_of(late, echo=2)]
    # Echo by echo at each place, as scanners store them.
    mixed = [frames[k + 7 * echo] for k in range(7) for echo in (0, 1)]
    save(tmp_path / "e", enhanced(mixed))
    first, second = sorted(found(tmp_path / "e"), key=lambda one: one.slices[0].text("EchoTime"))
    np.testing.assert_array_equal(used(first), voxels())
    np.testing.assert_array_equal(used(second), voxels(2))


@pytest.mark.parametrize("kind", ["WATER", "PHASE", "time"])
def test_water_phase_and_time_are_apart(tmp_path: Path, kind: str) -> None:
    other = frames_of(series(seed=3), time=2 if kind == "time" else 1)
    dataset = enhanced([*frames_of(series()), *other])
    for group in dataset.PerFrameFunctionalGroupsSequence[7:]:
        if kind == "WATER":
            group.MRImageFrameTypeSequence[0].FrameType = ["DERIVED", "PRIMARY", "DIXON", "WATER"]
        elif kind == "PHASE":
            group.MRImageFrameTypeSequence[0].ComplexImageComponent = "PHASE"
    save(tmp_path / "e", dataset)
    verdicts = {one.slices[0].frame: one for one in found(tmp_path / "e")}
    np.testing.assert_array_equal(used(verdicts[1]), voxels())
    if kind == "PHASE":
        assert verdicts[8].verdict == "skip"
        assert "phase" in verdicts[8].reason
    else:
        np.testing.assert_array_equal(used(verdicts[8]), voxels(3))


def test_each_frame_has_its_own_rescale(tmp_path: Path) -> None:
    def rescale(dataset: pydicom.Dataset, index: int) -> None:
        dataset.RescaleSlope, dataset.RescaleIntercept = 0.5 + index, index - 3

    save(tmp_path / "e", enhanced(frames_of(changed(series(), rescale))))
    expected = np.stack([page * (0.5 + k) + k - 3 for k, page in enumerate(voxels())])
    np.testing.assert_allclose(used(only(tmp_path / "e")), expected, rtol=1e-6)
    _same(tmp_path / "e", changed(series(), rescale))


def test_a_legacy_converted_file(tmp_path: Path) -> None:
    sources = [pydicom.dcmread(path) for path in write(tmp_path / "s", series())]
    for source in sources:
        source.PatientBirthDate, source.PatientSex, source.StudyID = "", "", ""
        source.StudyDate, source.StudyTime, source.AccessionNumber = "20200101", "120000", ""
        source.ReferringPhysicianName, source.Manufacturer = "", "Maker"
        source.ContentDate, source.ContentTime = "20200101", "120000"
    converted = highdicom.legacy.LegacyConvertedEnhancedMRImage(
        sources, sources[0].SeriesInstanceUID, 5, generate_uid(), 1
    )
    (tmp_path / "e").mkdir()
    converted.save_as(tmp_path / "e" / "legacy.dcm", enforce_file_format=True)
    _same(tmp_path / "e", series())
    one = only(tmp_path / "e")
    assert one.slices[0].text("EchoTime") in ("30", "30.0")
    assert one.slices[0].text("SeriesDescription").startswith("pd tse fs cor")


@pytest.mark.parametrize(
    "syntax", [RLELossless, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian], ids=str
)
def test_other_transfer_syntaxes(tmp_path: Path, syntax: pydicom.uid.UID) -> None:
    dataset = enhanced(frames_of(series()))
    if syntax == RLELossless:
        dataset.compress(RLELossless)
    dataset.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(save(tmp_path / "e", enhanced(frames_of(series()))), dataset)
    _same(tmp_path / "e", series())


def test_signed_values_and_small_ones_that_are_bright(tmp_path: Path) -> None:
    def signed(dataset: pydicom.Dataset, _: int) -> None:
        dataset.PixelRepresentation = 1
        dataset.PhotometricInterpretation = "MONOCHROME1"

    slices = changed(series(), signed)
    for item in slices:
        item.pixels = item.pixels.astype(np.int16) - 300
    save(tmp_path / "e", enhanced(frames_of(slices)))
    _same(tmp_path / "e", slices)


def test_a_second_reader_sees_the_same(tmp_path: Path) -> None:
    """highdicom puts the frames together by its own rules."""
    frames = frames_of(series())
    path = save(tmp_path / "e", enhanced(frames[::-1]))
    volume = highdicom.imread(path).get_volume(apply_real_world_transform=False)
    stack = only(tmp_path / "e").stack
    assert stack is not None
    ours = read_stack(stack)
    starts_with_ours = np.allclose(volume.affine[:3, 3], ours.origin_mm)
    np.testing.assert_array_equal(volume.array[:: 1 if starts_with_ours else -1], ours.array)
    assert volume.spacing == pytest.approx(ours.spacing_mm)


def test_headers_of_frames_are_read_without_the_pixels(tmp_path: Path) -> None:
    path = save(tmp_path / "e", enhanced(frames_of(series())))
    (one,) = read_folder(path).series
    assert [header.frame for header in one.slices] == list(range(1, 8))
    assert {header.text("TemporalPositionIdentifier") for header in one.slices} == {"1"}
    assert [header.label for header in one.slices][:2] == ["frame 1", "frame 2"]


@pytest.mark.parametrize("counter", ["PlanePositionSequence", "NominalCardiacTriggerDelayTime"])
def test_dimensions_that_count_slices_part_nothing(tmp_path: Path, counter: str) -> None:
    """Whatever they are called, and also where two echoes share the places."""
    late = changed(series(seed=2), lambda dataset, _: setattr(dataset, "EchoTime", 90))
    frames = [*frames_of(series()), *frames_of(late, echo=2)]
    dataset = enhanced(frames)
    dataset.DimensionIndexSequence[1].DimensionIndexPointer = Tag(counter)
    for place, group in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        group.FrameContentSequence[0].StackID = str(place % 7 + 1)
    save(tmp_path / "e", dataset)
    assert sorted(int(used(one)[0, 0, 0]) for one in found(tmp_path / "e")) == [0, 2000]


def test_dimensions_without_indices(tmp_path: Path) -> None:
    dataset = enhanced(frames_of(series()))
    for group in dataset.PerFrameFunctionalGroupsSequence:
        del group.FrameContentSequence[0].DimensionIndexValues
    save(tmp_path / "e", dataset)
    np.testing.assert_array_equal(used(only(tmp_path / "e")), voxels())


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("ComplexImageComponent", "PHASE"), ("VolumeBasedCalculationTechnique", "MAX_IP")],
)
def test_what_the_whole_file_says_counts_for_its_frames(
    tmp_path: Path, keyword: str, value: str
) -> None:
    dataset = enhanced(frames_of(series()))
    for group in dataset.PerFrameFunctionalGroupsSequence:
        del group.MRImageFrameTypeSequence
    setattr(dataset, keyword, value)
    save(tmp_path / "e", dataset)
    assert only(tmp_path / "e").verdict == "skip"


@pytest.mark.parametrize("kind", ["PHASE_MAP", "VELOCITY", "FIELD_MAP", "T2 MAP"])
def test_frame_types_that_are_no_weighted_image(tmp_path: Path, kind: str) -> None:
    dataset = enhanced(frames_of(series()))
    for group in dataset.PerFrameFunctionalGroupsSequence:
        group.MRImageFrameTypeSequence[0].FrameType = ["DERIVED", "PRIMARY", kind, "NONE"]
    save(tmp_path / "e", dataset)
    assert only(tmp_path / "e").verdict == "skip"


def test_a_concatenation_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    frames = frames_of(series())
    for number, part in enumerate((frames[:4], frames[4:]), start=1):
        dataset = enhanced(part)
        dataset.SOPInstanceUID = generate_uid(entropy_srcs=[str(number)])
        dataset.ConcatenationUID = generate_uid(entropy_srcs=["concatenation"])
        dataset.InConcatenationNumber, dataset.InConcatenationTotalNumber = number, 2
        save(tmp_path / "e", dataset, f"{number}.dcm")
    _same(tmp_path / "e", series())
    (tmp_path / "e" / "2.dcm").unlink()
    one = only(tmp_path / "e")
    assert one.verdict == "refuse"
    assert one.reason.startswith("1 of 2 files of this multi-frame image are here")
