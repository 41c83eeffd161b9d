from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import SimpleITK
from nnunetv2.utilities.utils import get_filenames_of_train_images_and_targets

from shoulderseg.datasets.nnunet_raw import write_json
from shoulderseg.datasets.phantom import case_files, dataset
from shoulderseg.datasets.phantom.case import make_case
from shoulderseg.datasets.phantom.dataset import CaseReport, Writing, write_dataset, write_dicom
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.partial_volume_file import write_partial_volumes
from shoulderseg.datasets.phantom.partial_volumes import make_partial_volumes
from shoulderseg.datasets.phantom.presets import PAPER, PhantomSet, case_options, case_rng
from shoulderseg.datasets.phantom.scanner.protocol import PLANES, SEQUENCES
from shoulderseg.datasets.phantom.structures import HUMERUS
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.datasets.volume import same_grid

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.case import PhantomCase

TINY = PhantomOptions(shape=(3, 40, 32), spacing_mm=(6.0, 4.0, 4.0))
THREE = PhantomSet(
    TINY, sequences=("pd-fs", "gre"), planes=("axial", "coronal"), cases=3, test_cases=1
)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset with two cases for training and one for test."""
    return write_dataset(tmp_path_factory.mktemp("raw"), THREE).folder


@pytest.fixture(scope="module")
def known() -> PhantomCase:
    """Some phantom."""
    return make_case(TINY, np.random.default_rng(0))


@pytest.fixture
def quick(known: PhantomCase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every phantom has the anatomy of one and noise of its own: for what is about files alone."""

    def copied_case(
        options: PhantomOptions, rng: np.random.Generator, *, workers: int = 2
    ) -> PhantomCase:
        array = rng.integers(0, 500, known.image.array.shape, dtype=np.int16)
        return replace(known, image=replace(known.image, array=array))

    monkeypatch.setattr(dataset, "make_case", copied_case)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def strict_json(path: Path) -> Any:  # noqa: ANN401
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(path.read_text(), parse_constant=refuse)


def test_nnunet_finds_the_training_cases(three: Path) -> None:
    assert three.name == "Dataset900_Phantom"
    found = get_filenames_of_train_images_and_targets(str(three))
    assert sorted(found) == ["phantom_0001", "phantom_0002"]
    description = strict_json(three / "dataset.json")
    assert description["labels"] == {"background": 0, "humerus": 1, "glenoid": 2}
    assert description["numTraining"] == 2
    assert "synthetic" in description["licence"]
    assert "Synthetic" in description["description"]
    splits = strict_json(three / "splits_final.json")
    assert sorted(case for fold in splits for case in fold["val"]) == sorted(found)
    assert all(len(fold["train"]) == len(fold["val"]) == 1 for fold in splits)


def test_each_case_has_its_maps_and_its_truth(three: Path) -> None:
    names = strict_json(three / "tissues.json")
    assert (names["0"], names["10"], names["32"]) == ("air", "humerus_cortex", "labrum")
    for name, part in (("phantom_0001", "Tr"), ("phantom_0002", "Tr"), ("phantom_0003", "Ts")):
        image = read_image(three / f"images{part}" / f"{name}_0000.nii.gz")
        labels = read_label_map(three / f"labels{part}" / f"{name}.nii.gz")
        tissues = read_label_map(three / f"tissues{part}" / f"{name}.nii.gz")
        assert same_grid(image, labels)
        assert same_grid(image, tissues)
        assert {str(value) for value in np.unique(tissues.array)} <= set(names)
        # Partial volume moves the edge by less than a voxel; the bulk is the same bone.
        bone = np.isin(tissues.array, list(HUMERUS))
        assert (bone & (labels.array == 1)).sum() > 0.7 * bone.sum() > 0
        truth = strict_json(three / f"parameters{part}" / f"{name}.json")
        assert truth["case"] == name
        assert truth["kept_for"] == ("test" if part == "Ts" else "training")
        assert truth["seed"] == 1
        assert truth["options"]["shape"] == [3, 40, 32]
        assert truth["grid"]["spacing_mm"] == [6.0, 4.0, 4.0]
        assert truth["parameters"]["dimensions"]["head_radius_mm"] > 15
        assert truth["measurements"]


def test_cases_go_round_sequences_and_planes(three: Path) -> None:
    drawn = [strict_json(path)["parameters"]["protocol"] for path in sorted(three.glob("p*/*"))]
    assert [(one["sequence"], one["plane"]) for one in drawn] == [
        ("pd-fs", "axial"),
        ("pd-fs", "coronal"),
        ("gre", "axial"),
    ]


def test_same_seed_gives_the_same_bytes(three: Path, tmp_path: Path) -> None:
    again = write_dataset(tmp_path, THREE, Writing(workers=1)).folder
    assert contents(again) == contents(three)


def test_cases_made_at_the_same_time_are_the_same(three: Path, tmp_path: Path) -> None:
    reports: list[str] = []
    writing = Writing(workers=1, jobs=2, on_case=lambda case: reports.append(case.name))
    folder = write_dataset(tmp_path, THREE, writing).folder
    assert contents(folder) == contents(three)
    assert reports == ["phantom_0001", "phantom_0002", "phantom_0003"]


def test_a_share_of_the_cases_is_wild_whatever_their_number() -> None:
    some = PhantomSet(TINY, cases=400, wild_share=0.25)
    wild = [case_options(some, number).wild for number in range(1, 401)]
    assert 0.18 < np.mean(wild) < 0.32
    fewer = replace(some, cases=50)
    assert [case_options(fewer, number).wild for number in range(1, 51)] == wild[:50]
    none, every = replace(some, wild_share=0.0), replace(some, wild_share=1.0)
    assert not any(case_options(none, number).wild for number in range(1, 51))
    assert all(case_options(every, number).wild for number in range(1, 51))


def test_shares_of_the_cases_raise_the_arm_or_have_coarse_pixels() -> None:
    some = PhantomSet(TINY, cases=400, wild_share=0.5, raised_share=0.2, coarse_share=0.3)
    drawn = [case_options(some, number) for number in range(1, 401)]
    raised = np.array([options.raised for options in drawn])
    times = np.array([options.coarsened for options in drawn])
    assert 0.14 < raised.mean() < 0.26
    assert 0.23 < (times > 1).mean() < 0.37
    # As many of one to two times as of two to four, and neither has to do with the other.
    assert 0.35 < (times[times > 1] < 2).mean() < 0.65
    assert times.max() < 4
    assert 0.18 < (times[raised] > 1).mean() < 0.42
    plain = [case_options(replace(some, raised_share=0.0), number) for number in range(1, 401)]
    assert [options.coarsened for options in plain] == list(times)
    assert [options.wild for options in plain] == [options.wild for options in drawn]
    always = replace(some, options=replace(TINY, raised=True, coarsened=3.0), coarse_share=0.0)
    assert all(case_options(always, number).raised for number in range(1, 41))
    assert {case_options(always, number).coarsened for number in range(1, 41)} == {3.0}


def test_compressed_files_hold_no_time(three: Path) -> None:
    files = list(three.rglob("*.gz"))
    assert len(files) == 9
    # RFC 1952: bytes 4 to 7 of a gzip file are the time of writing, bit 3 of byte 3 tells of a
    # file name.
    for path in files:
        head = path.read_bytes()[:8]
        assert head[:2] == b"\x1f\x8b"
        assert head[4:] == bytes(4)
        assert not head[3] & 8


def test_a_case_depends_on_number_and_seed_alone(three: Path, tmp_path: Path) -> None:
    image = "imagesTr/phantom_0001_0000.nii.gz"
    alone = replace(THREE, cases=1, test_cases=0)
    first = write_dataset(tmp_path / "a", alone)
    assert (first.folder / image).read_bytes() == (three / image).read_bytes()
    assert first.folds == 0
    assert not (first.folder / "splits_final.json").exists()
    other = write_dataset(tmp_path / "b", replace(alone, seed=2))
    assert (other.folder / image).read_bytes() != (three / image).read_bytes()


def test_whole_scapula_is_called_so(tmp_path: Path) -> None:
    options = replace(TINY, whole_scapula=True)
    report = write_dataset(tmp_path, PhantomSet(options, cases=1), dataset_id=7, name="Whole")
    assert report.folder.name == "Dataset007_Whole"
    labels = strict_json(report.folder / "dataset.json")["labels"]
    assert labels == {"background": 0, "humerus": 1, "scapula": 2}


@pytest.mark.usefixtures("quick")
def test_rerun_makes_what_is_missing(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path, THREE).folder
    before = contents(folder)
    kept = folder / "imagesTr" / "phantom_0001_0000.nii.gz"
    written_at = kept.stat().st_mtime_ns
    (folder / "labelsTr" / "phantom_0002.nii.gz").unlink()
    reports: list[CaseReport] = []
    write_dataset(tmp_path, THREE, Writing(on_case=reports.append))
    assert [report.seconds is None for report in reports] == [True, False, True]
    assert contents(folder) == before
    assert kept.stat().st_mtime_ns == written_at


@pytest.mark.usefixtures("quick")
def test_rerun_replaces_a_series_that_stands_alone(tmp_path: Path) -> None:
    write_dicom(tmp_path, THREE)
    before = contents(tmp_path)
    (tmp_path / "parameters" / "phantom_0002.json").unlink()
    (tmp_path / "dicom" / "phantom_0002" / "IM0001.dcm").unlink()
    (tmp_path / "dicom" / "phantom_0002" / "IM0009.dcm").write_text("of another run")
    write_dicom(tmp_path, THREE)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("write", [write_dataset, write_dicom])
@pytest.mark.usefixtures("quick")
def test_interrupted_set_is_finished(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Any,  # noqa: ANN401
) -> None:
    whole = contents(write(tmp_path / "whole", THREE).folder)

    def stop(path: Path, content: Any) -> None:  # noqa: ANN401
        if path.name == "phantom_0002.json":
            raise KeyboardInterrupt
        write_json(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(case_files, "write_json", stop)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path / "cut", THREE)
    left = contents(tmp_path / "cut")
    assert not [name for name in left if "phantom_0002" in name]
    assert not [name for name in left if name.endswith("dataset.json")]
    report = write(tmp_path / "cut", THREE)
    assert contents(report.folder) == whole


@pytest.mark.usefixtures("quick")
def test_other_options_are_refused_unless_overwritten(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path, THREE).folder
    before = contents(folder)
    other = replace(THREE, seed=2, options=replace(TINY, sex="female"))
    with pytest.raises(ValueError, match=r'seed 1 \(now 2\), sex null \(now "female"\)'):
        write_dataset(tmp_path, other)
    with pytest.raises(ValueError, match='format "nifti"'):
        write_dicom(folder, THREE)
    assert contents(folder) == before
    write_dataset(tmp_path, other, Writing(overwrite=True))
    fresh = write_dataset(tmp_path / "fresh", other).folder
    assert contents(folder) == contents(fresh)


@pytest.mark.usefixtures("quick")
def test_a_set_grows_where_no_case_moves(tmp_path: Path) -> None:
    two = replace(THREE, cases=2, test_cases=0)
    write_dataset(tmp_path, two)
    reports: list[CaseReport] = []
    four = replace(two, cases=4)
    report = write_dataset(tmp_path, four, Writing(on_case=reports.append))
    assert [report.seconds is None for report in reports] == [True, True, False, False]
    assert contents(report.folder) == contents(write_dataset(tmp_path / "new", four).folder)
    with pytest.raises(ValueError, match=r"cases 4 \(now 2\)"):
        write_dataset(tmp_path, two)
    with pytest.raises(ValueError, match=r"cases 4 \(now 5\), seed 1 \(now 2\)"):
        write_dataset(tmp_path, replace(four, cases=5, seed=2))
    with pytest.raises(ValueError, match=r"cases 4 \(now 5\), test_cases 0 \(now 1\)"):
        write_dataset(tmp_path, replace(four, cases=5, test_cases=1))


@pytest.mark.usefixtures("quick")
def test_dataset_that_grows_looks_unfinished(tmp_path: Path) -> None:
    two = replace(THREE, cases=2, test_cases=0)
    folder = write_dataset(tmp_path, two).folder
    ends = ("dataset.json", "splits_final.json")
    seen: list[bool] = []

    def look(_: CaseReport) -> None:
        seen.append(any((folder / name).exists() for name in ends))

    write_dataset(tmp_path, replace(two, cases=3), Writing(on_case=look))
    assert seen == [False, False, False]
    assert all((folder / name).exists() for name in ends)


@pytest.mark.usefixtures("quick")
def test_test_cases_do_not_move(tmp_path: Path) -> None:
    write_dataset(tmp_path, THREE)
    with pytest.raises(ValueError, match=r"cases 3 \(now 4\)"):
        write_dataset(tmp_path, replace(THREE, cases=4))


@pytest.mark.usefixtures("quick")
def test_partial_volume_maps_come_with_their_cases(quick: None, tmp_path: Path) -> None:
    maps = replace(THREE, partial_volumes_mm=5.0)
    folder = write_dataset(tmp_path, maps).folder
    found = sorted(str(path.relative_to(folder)) for path in folder.glob("partial*/*"))
    names = ["Tr/phantom_0001", "Tr/phantom_0002", "Ts/phantom_0003"]
    assert found == [f"partialVolumes{name}.safetensors" for name in names]
    first = (folder / found[0]).read_bytes()
    # The same person as the case's image shows, whatever the images look like.
    expected = make_partial_volumes(case_options(maps, 1), case_rng(maps, 1), spacing_mm=5.0)
    write_partial_volumes(tmp_path / "expected", expected)
    assert first == (tmp_path / "expected").read_bytes()
    (folder / found[0]).unlink()
    report: list[CaseReport] = []
    write_dataset(tmp_path, maps, Writing(on_case=report.append))
    assert [case.seconds is None for case in report] == [False, True, True]
    assert (folder / found[0]).read_bytes() == first
    with pytest.raises(ValueError, match="partial_volumes_mm 5"):
        write_dataset(tmp_path, THREE)


def test_what_is_not_ours_is_spared(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    with pytest.raises(ValueError, match="not a set of phantoms"):
        write_dicom(tmp_path, THREE, Writing(overwrite=True))
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]
    folder = write_dataset(tmp_path, THREE).folder
    (folder / "thesis.txt").write_text("all of it")
    before = contents(folder)
    with pytest.raises(ValueError, match=r"also holds thesis\.txt"):
        write_dataset(tmp_path, THREE, Writing(overwrite=True))
    assert contents(folder) == before
    write_dataset(tmp_path, THREE)


@pytest.mark.usefixtures("quick")
def test_damaged_mark_and_taken_places_are_named(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path, THREE).folder
    with pytest.raises(ValueError, match="Dataset900_Phantom has the dataset number 900 too"):
        write_dataset(tmp_path, THREE, name="Other")
    (folder / "phantom.json").write_text("{")
    with pytest.raises(ValueError, match=r"phantom\.json is damaged"):
        write_dataset(tmp_path, THREE)
    write_dataset(tmp_path, THREE, Writing(overwrite=True))
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="is a file"):
        write_dicom(tmp_path / "file", THREE)


def test_too_few_cases_for_the_folds(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 patients"):
        write_dataset(tmp_path, THREE, folds=3)
    assert not list(tmp_path.iterdir())


def test_dicom_series_lie_apart_from_everything_else(three: Path, tmp_path: Path) -> None:
    report = write_dicom(tmp_path / "a", THREE)
    assert (report.training_cases, report.test_cases, report.folds) == (2, 1, 0)
    series = tmp_path / "a" / "dicom" / "phantom_0003"
    reader = SimpleITK.ImageSeriesReader()
    names = reader.GetGDCMSeriesFileNames(str(series))
    assert sorted(Path(name) for name in names) == sorted(series.iterdir())
    reader.SetFileNames(names)
    expected = read_image(three / "imagesTs" / "phantom_0003_0000.nii.gz")
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(reader.Execute()), expected.array)
    for kind in ("labels", "tissues"):
        written = tmp_path / "a" / kind / "phantom_0003.nii.gz"
        assert written.read_bytes() == (three / f"{kind}Ts" / written.name).read_bytes()
    truth = strict_json(tmp_path / "a" / "parameters" / "phantom_0003.json")
    assert truth["kept_for"] == "test"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"cases": 0}, "cases is 0"),
        ({"cases": 10000}, "cases is 10000"),
        ({"cases": 2, "test_cases": 2}, "test_cases is 2 of 2"),
        ({"test_cases": -1}, "test_cases is -1"),
        ({"seed": -1}, "seed is -1"),
        ({"wild_share": 1.5}, "wild_share is 1.5"),
        ({"raised_share": -0.5}, "raised_share is -0.5"),
        ({"coarse_share": 2.0}, "coarse_share is 2.0"),
        ({"partial_volumes_mm": 0.1}, "partial_volumes_mm is 0.1"),
        ({"sequences": ("gre", "flair")}, "sequence is 'flair'"),
        ({"planes": ("axial", "oblique")}, "plane is 'oblique'"),
    ],
)
def test_impossible_sets(change: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        PhantomSet(**change)


def test_all_pairs_of_sequence_and_plane_get_their_turn() -> None:
    everything = PhantomSet(sequences=SEQUENCES, planes=PLANES)
    count = len(SEQUENCES) * len(PLANES)
    rounds = [case_options(everything, number) for number in range(1, 2 * count + 1)]
    pairs = [(options.sequence, options.plane) for options in rounds]
    assert len(set(pairs[:count])) == count
    assert pairs[:count] == pairs[count:]


def test_the_paper_has_eight_patients() -> None:
    assert (PAPER.cases, PAPER.test_cases) == (8, 3)
    assert PAPER.options.shape == (100, 384, 384)
