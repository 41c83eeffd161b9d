from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from shoulderseg.datasets.phantom import dataset
from shoulderseg.datasets.phantom.dataset import Writing
from shoulderseg.datasets.phantom.options import HEALTH, PhantomOptions
from shoulderseg.datasets.phantom.presets import PhantomSet
from shoulderseg.datasets.phantom.scanner.protocol import PLANES, SEQUENCES
from shoulderseg.workflows.phantom import write_phantoms

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

TINY = ["--shape", "3,40,32", "--spacing", "6,4,4"]


@pytest.fixture
def unmade(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends the command where the first phantom would be made."""

    def stop(*_: object, **__: object) -> None:
        raise OSError("no time for this")  # noqa: EM101

    monkeypatch.setattr(dataset, "make_case", stop)


def ordered(folder: Path) -> dict[str, object]:
    """What the command understood."""
    (mark,) = folder.rglob("phantom.json")
    content: dict[str, object] = json.loads(mark.read_text())
    return content


def test_writes_a_dataset_and_goes_on_with_it(run: Run, tmp_path: Path) -> None:
    words = ["phantom", tmp_path / "raw", *TINY, "--seed", 4]
    words += ["--sequence", "pd-fs,gre", "--sequence", "t1-se", "--plane", "axial"]
    outcome = run(*words, "--cases", 1, "--dataset-id", 12, "--name", "Test")
    assert outcome.exit_code == 0, outcome.output
    first, last = outcome.output.splitlines()
    assert re.fullmatch(r"phantom_0001  pd-fs  axial  \d+\.\d s", first)
    assert re.search(r"Dataset012_Test: 1 training case, 0 test cases, \d+\.\d s$", last)
    assert (tmp_path / "raw" / "Dataset012_Test" / "imagesTr" / "phantom_0001_0000.nii.gz").exists()

    outcome = run(*words, "--cases", 2, "--dataset-id", 12, "--name", "Test")
    assert outcome.exit_code == 0, outcome.output
    first, second, last = outcome.output.splitlines()
    assert first == "phantom_0001  pd-fs  axial  there already"
    assert second.startswith("phantom_0002  gre  axial")
    assert "2 training cases in 2 folds, 0 test cases" in last

    outcome = run(*words, "--cases", 2, "--dataset-id", 12, "--name", "Test", "--wild")
    assert outcome.exit_code == 2
    assert "random_contrast false (now true)" in outcome.output
    assert "overwrite" in outcome.output


def test_writes_dicom(run: Run, tmp_path: Path) -> None:
    words = ["phantom", tmp_path, *TINY, "--cases", 1, "--format", "dicom"]
    outcome = run(*words)
    assert outcome.exit_code == 0, outcome.output
    series = tmp_path / "dicom" / "phantom_0001"
    assert [path.name for path in sorted(series.iterdir())] == [
        "IM0001.dcm",
        "IM0002.dcm",
        "IM0003.dcm",
    ]
    outcome = run(*words, "--folds", 2, "--dataset-id", 3)
    assert outcome.exit_code == 2
    assert "--dataset-id, --folds" in outcome.output


@pytest.mark.usefixtures("unmade")
def test_options_reach_the_phantoms(run: Run, tmp_path: Path) -> None:
    words = "--side left --sex female --field 3 --shape 5,60,50 --spacing 4,0.5,0.6 "
    words += "--health arthrosis --bone-loss 15 --wild --glenoid-depth 20 --cases 6 --test-cases 2"
    words += " --sequence gre,pd-fs --sequence t1-se --plane axial"
    outcome = run("phantom", tmp_path, *words.split(), "--seed", 9)
    assert outcome.exit_code == 2
    assert "no time for this" in outcome.output
    wanted = {
        "seed": 9,
        "sequences": ["gre", "pd-fs", "t1-se"],
        "planes": ["axial"],
        "cases": 6,
        "test_cases": 2,
        "side": "left",
        "sex": "female",
        "field_t": 3.0,
        "shape": [5, 60, 50],
        "spacing_mm": [4.0, 0.5, 0.6],
        "health": "arthrosis",
        "bone_loss_percent": 15.0,
        "random_contrast": True,
        "glenoid_depth_mm": 20.0,
        "whole_scapula": False,
    }
    found = ordered(tmp_path)
    assert {key: found[key] for key in wanted} == wanted


@pytest.mark.usefixtures("unmade")
def test_preset_gives_way_to_what_is_asked_for(run: Run, tmp_path: Path) -> None:
    run("phantom", tmp_path / "plain", "--preset", "paper")
    run("phantom", tmp_path / "own", "--preset", "paper", "--cases", 5, "--plane", "axial")
    plain, own = ordered(tmp_path / "plain"), ordered(tmp_path / "own")
    assert (plain["cases"], plain["test_cases"], plain["shape"]) == (8, 3, [100, 384, 384])
    assert (own["cases"], own["test_cases"], own["shape"]) == (5, 3, [100, 384, 384])
    assert (plain["planes"], own["planes"]) == ([], ["axial"])


@pytest.mark.usefixtures("unmade")
def test_whole_scapula(run: Run, tmp_path: Path) -> None:
    run("phantom", tmp_path, "--scapula", "whole")
    assert ordered(tmp_path)["whole_scapula"] is True


@pytest.mark.parametrize(
    ("words", "random_contrast", "share"),
    [
        ("", False, 0.0),
        ("--random-contrast", True, 0.0),
        ("--wild", True, 0.0),
        ("--random-contrast-share 0.25", False, 0.25),
        ("--wild-share 0.25", False, 0.25),
        ("--wild-share 0.25 --random-contrast-share 0", False, 0.0),
    ],
)
@pytest.mark.usefixtures("unmade")
def test_random_contrast_has_its_former_name_too(
    run: Run, tmp_path: Path, words: str, random_contrast: bool, share: float
) -> None:
    run("phantom", tmp_path, *words.split())
    found = ordered(tmp_path)
    assert (found["random_contrast"], found["random_contrast_share"]) == (random_contrast, share)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("--sequence flair", "flair"),
        ("--plane axial,oblique", "oblique"),
        ("--side both", "both"),
        ("--field 7", "7.0"),
        ("--shape 24x256x256", "--shape is '24x256x256'"),
        ("--shape 24,256", "--shape is '24,256'"),
        ("--shape 24,256,0", "(24, 256, 0)"),
        ("--spacing 1,2,mm", "--spacing is '1,2,mm'"),
        ("--shape 100000,100000,100000", "268435456 together at most"),
        ("--spacing 1e-6,1,1", "from 0.05 to 50 mm"),
        ("--sequence ,", "found ',' where names are expected"),
        ("--wild-share 1.5", "random_contrast_share is 1.5"),
        ("--random-contrast-share 1.5", "--random-contrast-share"),
        ("--bone-loss 80", "80.0"),
        ("--cases 0", "cases is 0"),
        ("--cases 3 --test-cases 3", "test_cases is 3 of 3"),
        ("--cases 3 --folds 4", "3 patients"),
        ("--dataset-id 1000", "1000"),
        ("--name a/b", "a/b"),
        ("--seed=-1", "seed is -1"),
        ("--scapula whole --glenoid-depth 20", "--glenoid-depth"),
        ("--partial-volume-spacing 1", "--partial-volume-spacing"),
        ("--partial-volumes --partial-volume-spacing 9", "partial_volumes_mm is 9"),
        ("--field 0.25 --sequence pd-fs", "take stir"),
    ],
)
@pytest.mark.usefixtures("unmade")
def test_wrong_options_end_with_2_and_write_nothing(
    run: Run, tmp_path: Path, words: str, named: str
) -> None:
    outcome = run("phantom", tmp_path / "raw", *words.split())
    assert outcome.exit_code == 2
    assert named in outcome.output
    assert not (tmp_path / "raw").exists()


def test_help_names_all_there_is(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    shown = run("phantom", "--help").output
    for name in (*SEQUENCES, *PLANES, *HEALTH):
        assert name in shown
    assert "--random-contrast-share" in shown
    assert "--wild" not in shown


def test_two_runs_do_not_work_in_one_folder(run: Run, tmp_path: Path) -> None:
    begun: list[str] = []

    def meanwhile(_: object) -> None:
        outcome = run("phantom", tmp_path / "out", *TINY, "--cases", 1)
        begun.append(" ".join(outcome.output.split()))
        assert outcome.exit_code == 2

    options = PhantomOptions(shape=(3, 40, 32), spacing_mm=(6.0, 4.0, 4.0))
    phantoms = PhantomSet(options, ("t1-se",), ("coronal",), cases=1, seed=1)
    write_phantoms(tmp_path / "out", phantoms, Writing(on_case=meanwhile))

    assert "another phantom run is at work" in begun[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
