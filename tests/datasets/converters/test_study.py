from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
import pytest
import SimpleITK

from shoulderseg.datasets.converters.convert import Order, convert_cases, survey
from shoulderseg.datasets.converters.source import Rejected, SourceCase
from shoulderseg.datasets.converters.structures import Structures
from shoulderseg.datasets.converters.study import StudyFolder, study_cases, study_settings
from shoulderseg.datasets.dicom.pixels import read_stack
from shoulderseg.datasets.dicom_seg import SegOptions, write_dicom_seg
from shoulderseg.datasets.labels import describe_labels
from shoulderseg.datasets.nnunet_raw import DatasetSpec
from shoulderseg.datasets.orientation import Reorientation, reorient
from shoulderseg.datasets.reader import read_label_map
from shoulderseg.datasets.seg_nrrd import write_seg_nrrd
from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_label_map
from tests.datasets.dicom import writing
from tests.datasets.oblique_case import centroid_mm

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.converters.examined import Examined
    from shoulderseg.datasets.dicom.stack import Stack

_LABELS = {"background": 0, "humerus": 1, "glenoid": 2}
_KEYS = {"1": "humerus", "2": "glenoid", "bone a": "humerus", "clavicle": "background"}
_FORMATS = ["seg.nrrd", "nrrd", "nii.gz", "nii", "mha", "mhd", "BINARY", "LABELMAP"]
_TURNS = [
    Reorientation((0, 1, 2), (0,)),
    Reorientation((2, 0, 1), (1, 2)),
    Reorientation((1, 2, 0), (0, 2)),
]


def _grid(shift_mm: float = 0.0) -> Volume:
    """Where the series of `writing` lies, from the constants alone."""
    columns = np.stack([writing.ALONG_ROW, writing.DOWN, writing.ACROSS], axis=1)
    x, y, z = (writing.ORIGIN_MM + shift_mm * writing.ALONG_ROW).tolist()
    spacing = (writing.STEP_MM, writing.ROW_MM, writing.COLUMN_MM)
    return Volume(writing.voxels(), spacing, (x, y, z), tuple(columns.ravel().tolist()))


def _drawn() -> npt.NDArray[np.uint8]:
    """Lopsided in every axis, with empty slices at both ends."""
    array = np.zeros((writing.COUNT, writing.ROWS, writing.COLUMNS), np.uint8)
    array[1:5, 3:12, 4:9] = 1
    array[1:3, 9:12, 9:20] = 1
    array[2:4, 15:22, 22:27] = 2
    array[2, 12:15, 22:24] = 2
    return array


def _shifted(seed: int, shift_mm: float) -> list[writing.Slice]:
    """A series beside the first one."""
    moved = writing.ORIGIN_MM + shift_mm * writing.ALONG_ROW
    slices = writing.series(seed)
    for index, item in enumerate(slices):
        place = moved + index * writing.STEP_MM * writing.ACROSS
        item.dataset.ImagePositionPatient = [*place.round(9)]
    return slices


def _write_mhd(path: Path, array: npt.NDArray[np.uint8], grid: Volume) -> None:
    """A header, and the voxels in `NAME.raw` beside it."""
    image = SimpleITK.GetImageFromArray(array)
    image.SetSpacing(grid.spacing_mm[::-1])
    image.SetOrigin(grid.origin_mm)
    image.SetDirection(grid.direction)
    SimpleITK.WriteImage(image, str(path))


def _draw(path: Path, form: str, series: list[Path], grid: Volume | None = None) -> None:
    grid, array = grid or _grid(), _drawn()
    path.parent.mkdir(parents=True, exist_ok=True)
    if form == "seg.nrrd":
        write_seg_nrrd(path.with_name(f"{path.name}.seg.nrrd"), array, grid)
    elif form in ("nrrd", "nii.gz", "nii", "mha"):
        write_label_map(path.with_name(f"{path.name}.{form}"), array, grid)
    elif form == "mhd":
        _write_mhd(path.with_name(f"{path.name}.mhd"), array, grid)
    else:
        options = SegOptions("BINARY") if form == "BINARY" else SegOptions("LABELMAP")
        write_dicom_seg(path.with_name(f"{path.name}.dcm"), array, grid, series, options=options)


def _study(source: Path) -> StudyFolder:
    return StudyFolder(source, Structures(_KEYS, _LABELS))


def _outcomes(source: Path) -> tuple[list[SourceCase], list[Rejected]]:
    found = list(study_cases(_study(source)))
    cases = [entry for entry in found if isinstance(entry, SourceCase)]
    return cases, [entry for entry in found if isinstance(entry, Rejected)]


def _surveyed(source: Path) -> list[Examined | Rejected]:
    return list(survey(study_cases(_study(source)), _LABELS))


def _check(case: SourceCase, grid: Volume) -> None:
    image, label_map = case.load()
    assert label_map.shape == image.array.shape
    for value in (1, 2):
        expected = centroid_mm(_drawn() == value, grid)
        np.testing.assert_allclose(centroid_mm(label_map == value, image), expected, atol=0.01)
    assert np.count_nonzero(label_map) == np.count_nonzero(_drawn())


@pytest.mark.parametrize("form", _FORMATS)
def test_a_mask_lies_where_it_was_drawn(tmp_path: Path, form: str) -> None:
    series = writing.write(tmp_path / "Doe/deep/er", writing.series())
    _draw(tmp_path / "Doe/masks/Doe_Jane", form, series)
    cases, rejected = _outcomes(tmp_path)
    assert rejected == []
    (case,) = cases
    assert case.patient == "p001"
    assert case.name.startswith("p001_series_5_")
    np.testing.assert_array_equal(case.load().image.array, writing.voxels())
    _check(case, _grid())
    assert "Doe" not in f"{case.name} {case.source}"


@pytest.mark.parametrize("turn", _TURNS)
def test_a_mask_with_its_axes_in_another_order(tmp_path: Path, turn: Reorientation) -> None:
    writing.write(tmp_path / "a", writing.series())
    turned = reorient(replace(_grid(), array=_drawn()), turn)
    write_label_map(tmp_path / "a/mask.nii.gz", turned.array, turned)
    cases, _ = _outcomes(tmp_path)
    _check(cases[0], _grid())


def test_a_mask_of_another_grid(tmp_path: Path) -> None:
    writing.write(tmp_path / "a", writing.series())
    _draw(tmp_path / "a/Doe", "nii.gz", [], _grid(shift_mm=0.3))
    cases, (mask, series) = _outcomes(tmp_path)
    assert cases == []
    assert mask.fault
    assert "its grid fits no series. Nearest is series_5_" in mask.reason
    assert "origin in mm (x, y, z): found" in mask.reason
    assert "Doe" not in mask.reason + mask.source
    assert (series.fault, series.reason) == (False, "no mask was drawn on it.")


def test_two_patients_and_a_patient_with_two_series(tmp_path: Path) -> None:
    first = writing.write(tmp_path / "Roe 10/s", _shifted(0, 0.0))
    writing.write(tmp_path / "Roe 10/s", _shifted(1, 9.0), "b")
    writing.write(tmp_path / "Roe 9", _shifted(2, 0.0))
    _draw(tmp_path / "Roe 10/one", "BINARY", first)
    _draw(tmp_path / "Roe 10/two", "nii.gz", [], _grid(9.0))
    _draw(tmp_path / "Roe 9/one", "seg.nrrd", [])
    cases, rejected = _outcomes(tmp_path)
    assert rejected == []
    assert [case.patient for case in cases] == ["p001", "p002", "p002"]
    assert len({case.name for case in cases}) == 3
    for case, shift_mm in zip(cases, (0.0, 0.0, 9.0), strict=True):
        _check(case, _grid(shift_mm))
    assert [case.load().image.array[0, 0, 0] for case in cases] == [2000, 0, 1000]


def test_two_series_on_one_grid(tmp_path: Path) -> None:
    series = writing.write(tmp_path / "a", writing.series(0))
    writing.write(tmp_path / "a", writing.series(1), "b")
    _draw(tmp_path / "a/mask", "nii.gz", series)
    cases, rejected = _outcomes(tmp_path)
    assert cases == []
    assert "its grid fits 2 series (series_5_" in rejected[0].reason
    (tmp_path / "a/mask.nii.gz").unlink()
    _draw(tmp_path / "a/mask", "BINARY", series)
    cases, rejected = _outcomes(tmp_path)
    assert [case.load().image.array[0, 0, 0] for case in cases] == [0]
    assert [entry.reason for entry in rejected] == ["no mask was drawn on it."]


def test_two_masks_of_one_series(tmp_path: Path) -> None:
    series = writing.write(tmp_path / "a", writing.series())
    _draw(tmp_path / "a/Doe1", "nii.gz", series)
    _draw(tmp_path / "a/Doe2", "BINARY", series)
    (rejected,) = _surveyed(tmp_path)
    assert isinstance(rejected, Rejected)
    assert "2 masks were drawn on it and more than one shows humerus, glenoid" in rejected.reason
    assert rejected.source.count("sha256:") == 2
    assert "Doe" not in rejected.reason + rejected.source


@pytest.mark.parametrize(("first", "second"), [("nii.gz", "nrrd"), ("mha", "BINARY")])
def test_a_mask_for_each_structure(tmp_path: Path, first: str, second: str) -> None:
    """As many tools save them: one file a structure, and the same value in each."""
    series = writing.write(tmp_path / "a", writing.series())
    drawn = _drawn()
    bones = {value: (drawn == value).astype(np.uint8) for value in (1, 2)}
    write_label_map(tmp_path / f"a/Humerus.{first}", bones[1], _grid())
    if second == "BINARY":
        path = tmp_path / "a/glenoid.dcm"
        write_dicom_seg(path, bones[2] * 2, _grid(), series, options=SegOptions("BINARY"))
    else:
        write_label_map(tmp_path / f"a/glenoid.{second}", bones[2], _grid())
    (case,), rejected = _outcomes(tmp_path)
    assert rejected == []
    np.testing.assert_array_equal(case.load().label_map, drawn)
    assert case.source.count("sha256:") == 2
    assert {path.stem.split(".")[0] for path in case.files[:2]} == {"Humerus", "glenoid"}


def test_masks_that_overlap(tmp_path: Path) -> None:
    writing.write(tmp_path / "a", writing.series())
    drawn = (_drawn() == 1).astype(np.uint8)
    write_label_map(tmp_path / "a/humerus.nii.gz", drawn, _grid())
    drawn[:, 4:] = 0
    write_label_map(tmp_path / "a/glenoid.nii.gz", drawn, _grid())
    (rejected,) = _surveyed(tmp_path)
    assert isinstance(rejected, Rejected)
    # Rows 3 of columns 4 to 8 in slices 1 to 4.
    assert "its masks overlap in 20 voxels" in rejected.reason


def _write_bones(folder: Path, **change: Volume) -> None:
    """A sound humerus and a glenoid in files called so; `change` replaces one of them."""
    for value, name in enumerate(("humerus", "glenoid"), start=1):
        sound = replace(_grid(), array=(_drawn() == value).astype(np.uint8))
        mask = change.get(name, sound)
        write_label_map(folder / f"{name}.nii.gz", mask.array, mask)


def _cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def test_a_mask_that_is_cut_off_takes_its_series_with_it(tmp_path: Path) -> None:
    """Its bone would be background in the label map of the others."""
    writing.write(tmp_path / "Doe", writing.series())
    _write_bones(tmp_path / "Doe")
    assert len(_outcomes(tmp_path)[0]) == 1
    _cut(tmp_path / "Doe/glenoid.nii.gz")
    cases, (mask, series) = _outcomes(tmp_path)
    assert cases == []
    assert (mask.name, mask.fault, series.fault) == ("p001_mask1", True, True)
    assert "p001_mask1 could not be used and may have been drawn on it" in series.reason


@pytest.mark.parametrize("kept", [200, 400, 700, 1500])
def test_a_seg_that_is_cut_off_takes_its_series_with_it(tmp_path: Path, kept: int) -> None:
    series = writing.write(tmp_path / "a", writing.series())
    humerus, glenoid = ((_drawn() == value) * np.uint8(value) for value in (1, 2))
    write_label_map(tmp_path / "a/humerus.nii.gz", humerus, _grid())
    path = tmp_path / "a/glenoid.dcm"
    write_dicom_seg(path, glenoid, _grid(), series, options=SegOptions("BINARY"))
    assert len(_outcomes(tmp_path)[0]) == 1
    path.write_bytes(path.read_bytes()[:kept])
    cases, rejected = _outcomes(tmp_path)
    assert cases == []
    assert any("could not be used" in entry.reason for entry in rejected)


def test_a_mask_on_another_grid_takes_all_series_with_masks(tmp_path: Path) -> None:
    writing.write(tmp_path / "a", _shifted(0, 0.0))
    second = writing.write(tmp_path / "a", _shifted(1, 9.0), "b")
    writing.write(tmp_path / "a", _shifted(2, 30.0), "c")
    _draw(tmp_path / "a/whole", "BINARY", second, _grid(9.0))
    elsewhere = replace(_grid(0.3), array=(_drawn() == 2).astype(np.uint8))
    _write_bones(tmp_path / "a", glenoid=elsewhere)
    cases, rejected = _outcomes(tmp_path)
    assert cases == []
    assert "its grid fits no series" in rejected[0].reason
    told = {entry.name[5:13]: entry for entry in rejected[1:]}
    for name in ("series_5", "series_6"):
        assert told[name].fault
        assert "p001_mask2 could not be used" in told[name].reason
    assert told["series_7"].reason == "no mask was drawn on it."


@pytest.mark.parametrize("form", ["nii.gz", "BINARY"])
def test_a_label_without_meaning_takes_only_its_series(tmp_path: Path, form: str) -> None:
    first = writing.write(tmp_path / "a", _shifted(0, 0.0))
    second = writing.write(tmp_path / "a", _shifted(1, 9.0), "b")
    _draw(tmp_path / "a/whole", "BINARY", second, _grid(9.0))
    stray = (_drawn() == 2) * np.uint8(2)
    stray[0, 0, 0] = 7
    _write_bones(tmp_path / "a")
    if form == "nii.gz":
        write_label_map(tmp_path / "a/glenoid.nii.gz", stray, _grid())
    else:
        (tmp_path / "a/glenoid.nii.gz").unlink()
        labels = describe_labels({"glenoid": 2, "7": 7})
        write_dicom_seg(tmp_path / "a/g.dcm", stray, _grid(), first, labels=labels)
    (case,), (mask, series) = _outcomes(tmp_path)
    assert case.name.startswith("p001_series_6")
    assert "it holds '7', expected humerus, glenoid" in mask.reason
    assert series.name.startswith("p001_series_5")
    assert series.fault
    assert series.reason == f"a mask drawn on it could not be used: {mask.reason}"


def test_a_mask_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writing.write(tmp_path / "Doe", writing.series())
    _write_bones(tmp_path / "Doe")
    real = Path.open

    def locked(path: Path, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        if path.name == "glenoid.nii.gz":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args, **options)

    monkeypatch.setattr(Path, "open", locked)
    cases, (mask, series) = _outcomes(tmp_path)
    assert cases == []
    assert mask.name == "p001_mask1"
    assert "Permission denied" in mask.reason
    assert "Doe" not in mask.reason
    assert "p001_mask1 could not be used" in series.reason


def test_a_number_is_no_name_of_a_file(tmp_path: Path) -> None:
    writing.write(tmp_path / "a", writing.series())
    write_label_map(tmp_path / "a/2.nii.gz", (_drawn() == 1).astype(np.uint8), _grid())
    (case,), _ = _outcomes(tmp_path)
    np.testing.assert_array_equal(case.load().label_map, (_drawn() == 1).astype(np.uint8))


def test_scouts_are_skipped_and_gaps_rejected(tmp_path: Path) -> None:
    good = writing.write(tmp_path / "a", writing.series(0))
    _draw(tmp_path / "a/mask", "BINARY", good)
    writing.write(tmp_path / "a", writing.series(1, SeriesDescription="Localizer"), "b")
    gap = writing.series(2)
    del gap[3]
    writing.write(tmp_path / "a", gap, "c")
    (tmp_path / "a/Doe.dcm").write_bytes(b"nothing")
    _, rejected = _outcomes(tmp_path)
    told = {entry.reason: entry.fault for entry in rejected}
    assert told.pop("localizer") is False
    assert told.pop("1 DICOM file: DICOM header is damaged. Export it again.") is True
    ((reason, fault),) = told.items()
    assert fault
    assert "1 slice missing after slice 3" in reason


def test_a_seg_of_a_series_that_is_not_there_or_not_taken(tmp_path: Path) -> None:
    series = writing.write(tmp_path / "a", writing.series(0))
    _draw(tmp_path / "a/mask", "BINARY", series)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    for path in (tmp_path / "b").glob("a*.dcm"):
        path.unlink()
    next((tmp_path / "a").glob("a*_3.dcm")).unlink()
    reasons = [entry.reason for entry in _outcomes(tmp_path)[1]]
    assert any("which is not taken: 1 slice missing" in reason for reason in reasons)
    assert any("is not in the patient's folder" in reason for reason in reasons)
    assert "it holds no MR series that can be read. Add it." in reasons


def test_a_seg_of_a_series_with_a_slice_that_is_cut_off_names_no_file(tmp_path: Path) -> None:
    series = writing.write(tmp_path / "a", writing.series(0))
    _draw(tmp_path / "a/mask", "BINARY", series)
    slice_ = series[2].rename(series[2].with_name("DOE_JANE.dcm"))
    slice_.write_bytes(slice_.read_bytes()[:-900])
    reasons = [entry.reason for entry in _outcomes(tmp_path)[1]]
    assert any("which is not taken: " in reason for reason in reasons)
    assert "DOE" not in str(reasons)


def test_a_seg_whose_frames_lie_elsewhere(tmp_path: Path) -> None:
    series = writing.write(tmp_path / "a", writing.series(0))
    _draw(tmp_path / "a/mask", "BINARY", series)
    seg = pydicom.dcmread(tmp_path / "a/mask.dcm")
    plane = seg.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence[0]
    plane.ImagePositionPatient = [*(np.array(plane.ImagePositionPatient) + writing.DOWN * 0.6)]
    seg.save_as(tmp_path / "a/mask.dcm")
    (outcome,) = _surveyed(tmp_path)
    assert isinstance(outcome, Rejected)
    assert "frame 3 of this DICOM SEG lies" in outcome.reason


def test_names_of_segments(tmp_path: Path) -> None:
    series = writing.write(tmp_path / "a", writing.series(0))
    seg, path = _drawn(), tmp_path / "a/mask.seg.nrrd"
    # The names count, not the values; capitals do not.
    labels = describe_labels({"GLENOID": 1, "Bone  A": 2})
    write_seg_nrrd(path, seg, _grid(), labels)
    (case,) = _outcomes(tmp_path)[0]
    np.testing.assert_array_equal(case.load().label_map, np.array([0, 2, 1])[seg])
    write_seg_nrrd(path, seg, _grid(), describe_labels({"Clavicle": 1, "glenoid": 2}))
    (case,) = _outcomes(tmp_path)[0]
    np.testing.assert_array_equal(case.load().label_map, np.array([0, 0, 2])[seg])
    path.unlink()
    for names, fault, said in (
        ({"Cuff": 1, "glenoid": 2}, True, "it holds 'Cuff', expected humerus, glenoid"),
        ({"Clavicle": 1, "clavicle": 2}, False, "a mask without any of humerus, glenoid"),
    ):
        drawn = {name.strip(): value for name, value in names.items()}
        write_dicom_seg(tmp_path / "a/s.dcm", seg, _grid(), series, labels=describe_labels(drawn))
        rejected = _outcomes(tmp_path)[1][0]
        assert rejected.fault is fault
        assert said in rejected.reason


def test_damaged_masks_and_images_that_are_no_masks(tmp_path: Path) -> None:
    writing.write(tmp_path / "a", writing.series(0))
    (tmp_path / "a/Doe1.nii.gz").write_bytes(b"x" * 400)
    (tmp_path / "a/Doe2.nrrd").write_bytes(b"")
    grey = SimpleITK.GetImageFromArray(writing.voxels())
    SimpleITK.WriteImage(grey, str(tmp_path / "a/Doe3.nii"))
    cases, rejected = _outcomes(tmp_path)
    assert cases == []
    assert [entry.fault for entry in rejected] == [True, True, True, False]
    assert "if this is no mask, move it away" in rejected[2].reason
    assert not any("Doe" in entry.reason for entry in rejected)


def test_a_conversion_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(3):
        writing.write(tmp_path / f"in/{seed}", writing.series(seed))
        _draw(tmp_path / f"in/{seed}/mask", "nii.gz", [])
    decoded: list[str] = []

    def watched(stack: Stack) -> Volume:
        decoded.append(stack.slices[0].text("SeriesNumber"))
        if len(decoded) == 3:
            raise KeyboardInterrupt
        return read_stack(stack)

    monkeypatch.setattr("shoulderseg.datasets.converters.study_load.read_stack", watched)
    study = _study(tmp_path / "in")
    order = Order(tmp_path / "raw", DatasetSpec(7, "Shoulder"), study_settings(study), folds=3)
    with pytest.raises(KeyboardInterrupt):
        convert_cases(study_cases(study), order)
    report = convert_cases(study_cases(study), order)
    assert decoded == ["5", "6", "7", "7"]
    assert (report.training_patients, report.rejected) == (3, ())


def test_voxels_beside_their_header(tmp_path: Path) -> None:
    writing.write(tmp_path / "a", writing.series())
    _draw(tmp_path / "a/Doe", "mhd", [])
    (case,), _ = _outcomes(tmp_path)
    # Another mask in the same header makes the case again.
    assert {path.name for path in case.files} >= {"Doe.mhd", "Doe.raw"}
    (tmp_path / "a/Doe.raw").unlink()
    cases, rejected = _outcomes(tmp_path)
    assert cases == []
    assert "its voxel file is missing" in rejected[0].reason
    assert "Doe" not in str([entry.reason for entry in rejected])


@pytest.mark.parametrize("name", ["DOE.dcm", "DOE.nii.gz", "DOE"])
def test_files_beside_the_folders_of_patients_are_told_of(tmp_path: Path, name: str) -> None:
    series = writing.write(tmp_path / "a", writing.series())
    _draw(tmp_path / "a/mask", "nii.gz", [])
    (tmp_path / "notes.txt").touch()
    assert _outcomes(tmp_path)[1] == []
    shutil.copy(series[0], tmp_path / name)
    (case,), (loose,) = _outcomes(tmp_path)
    assert case.name.startswith("p001_")
    assert loose.fault
    assert "1 file lies beside the folders of the patients" in loose.reason
    assert "DOE" not in str(loose)


def test_doubts_about_a_nifti_do_not_tell_its_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writing.write(tmp_path / "a", writing.series())
    _draw(tmp_path / "a/Doe", "nii", [])
    file = tmp_path / "a/Doe.nii"
    content = bytearray(file.read_bytes())
    # The qform's offset: it now contradicts the sform.
    content[268:272] = np.float32(77).tobytes()
    file.write_bytes(bytes(content))
    read_label_map(file)
    assert "Doe" in caplog.text
    caplog.clear()
    _outcomes(tmp_path)
    assert caplog.text == ""


def test_no_folders(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="one folder a patient"):
        study_cases(_study(tmp_path))
