"""An edge refiner for a bundle's U-Nets as they are, on a dataset that they never saw."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.case_patients import write_patients
from shoulderseg.datasets.orientation import Reorientation, find_reorientation, reorient
from shoulderseg.datasets.phantom.case import make_case
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.reader import read_label_map
from shoulderseg.datasets.volume import Volume, same_grid
from shoulderseg.datasets.writer import write_image, write_label_map
from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.bundles.manifest import put_file, verified_manifest
from shoulderseg.workflows.bundles.store import DEFAULT_FOLDER
from shoulderseg.workflows.lock import alone_in
from shoulderseg.workflows.refiner.cases import load_refiner_cases
from shoulderseg.workflows.refiner.out_of_fold import read_case, read_votes
from shoulderseg.workflows.refiner.voters import bundle_voters
from tests.untrained import DATASET, write_untrained

if TYPE_CHECKING:
    from tests.cli.conftest import Run

NAME = "Dataset007_Own"
TRAINING = "--folds 0 --epochs 1 --steps 2 --batch-size 8 --device cpu"


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three patients who lie upside down in their files, in a dataset never preprocessed."""
    for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        (tmp_path / variable).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / variable))
    raw = tmp_path / "nnUNet_raw" / NAME
    options = PhantomOptions(plane="coronal", shape=(3, 40, 36), spacing_mm=(6.0, 3.0, 3.0))
    for number in range(3):
        case = make_case(options, np.random.default_rng(number), workers=1)
        turn = Reorientation((0, 1, 2), (1,))
        labels = Volume(
            case.label_map, case.image.spacing_mm, case.image.origin_mm, case.image.direction
        )
        for folder, name, volume in (
            ("imagesTr", f"s{number}_0000", case.image),
            ("labelsTr", f"s{number}", labels),
        ):
            (raw / folder).mkdir(parents=True, exist_ok=True)
            write_image(raw / folder / f"{name}.nii.gz", reorient(volume, turn))
    (raw / "dataset.json").write_text(json.dumps(DATASET))
    splits = [{"train": ["s0", "s1"], "val": ["s2"]}, {"train": ["s2"], "val": ["s0", "s1"]}]
    (raw / "splits_final.json").write_text(json.dumps(splits))
    return raw


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    write_untrained(folder, upright=True, one_piece=("glenoid",))
    return folder


def test_the_bundle_keeps_its_unets_and_gains_a_refiner(
    run: Run, raw: Path, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "refined"
    early = run("export", "7", out, "--unets", source)
    assert early.exit_code == 2
    assert "run `shoulderseg train-refiner 7 --unets" in " ".join(early.output.split())
    outcome = run("train-refiner", "7", "--unets", source, *TRAINING.split())
    assert outcome.exit_code == 0, outcome.output
    # Fold 0 is judged on s2, which the AlexNet did not see; the U-Nets saw none of the three.
    assert "1 held-out cases (each taken for a patient): Dice" in " ".join(outcome.output.split())
    # One case cannot judge rules that the others chose.
    assert "nan" not in outcome.output
    outcome = run("export", "7", out, "--unets", source)
    assert outcome.exit_code == 0, outcome.output
    before, after = verified_manifest(source), verified_manifest(out)
    assert before["files"].items() < after["files"].items()
    assert set(after["files"]) - set(before["files"]) == {"alexnet_fold_0.safetensors"}
    assert (after["upright"], after["one_piece"]) == (True, ["glenoid"])
    refiner = read_bundle(out).refiner
    assert refiner is not None
    assert list(refiner.classifiers) == ["0"]
    # The bundle's pixels, not the dataset's.
    assert refiner.pixel_mm == pytest.approx(2.0)


def test_folds_that_are_trained_one_after_the_other_all_count(
    run: Run, raw: Path, source: Path
) -> None:
    for fold in ("0", "1"):
        words = TRAINING.replace("--folds 0", f"--folds {fold}").split()
        outcome = run("train-refiner", "7", "--unets", source, *words)
        assert outcome.exit_code == 0, outcome.output
    (description,) = raw.parents[1].glob("nnUNet_results/*/*/refiner.json")
    assert json.loads(description.read_text())["folds"] == ["0", "1"]
    # The three cases of both folds.
    assert "3 held-out cases" in " ".join(outcome.output.split())
    with alone_in(description.parent, "another train-refiner"):
        busy = run("train-refiner", "7", "--unets", source, *TRAINING.split())
    assert busy.exit_code != 0
    assert "another train-refiner is at work" in " ".join(busy.output.split())


def test_it_learns_on_standing_volumes(run: Run, raw: Path, source: Path) -> None:
    image, labels = read_case(NAME, "s0", upright=True)
    stored, _ = read_case(NAME, "s0", upright=False)
    assert same_grid(image, labels)
    np.testing.assert_array_equal(image.array, stored.array[:, ::-1])
    assert find_reorientation(image) == Reorientation((0, 1, 2), ())
    outcome = run("train-refiner", "7", "--unets", source, *TRAINING.split())
    assert outcome.exit_code == 0, outcome.output
    (votes,) = raw.parents[1].glob("nnUNet_results/*/*/votes/s0.npz")
    assert read_votes(votes).shape == (3, 3, 40, 36)


def test_another_bundle_does_not_get_it(run: Run, raw: Path, source: Path, tmp_path: Path) -> None:
    assert run("train-refiner", "7", "--unets", source, *TRAINING.split()).exit_code == 0
    other = tmp_path / "other"
    other.mkdir()
    write_untrained(other, seed=1, upright=True)
    outcome = run("export", "7", tmp_path / "refined", "--unets", other)
    assert outcome.exit_code == 2
    assert "holds no refiner of this bundle's U-Nets" in " ".join(outcome.output.split())
    assert not (tmp_path / "refined").exists()
    (description,) = raw.parents[1].glob("nnUNet_results/*/*/refiner.json")
    told = json.loads(description.read_text())
    description.write_text(json.dumps(told | {"unets": {"0": "of others"}}))
    outcome = run("export", "7", tmp_path / "refined", "--unets", source)
    assert outcome.exit_code == 2
    assert "was trained with other U-Nets" in " ".join(outcome.output.split())


@pytest.mark.parametrize(
    "more",
    [
        ["--folds", "0"],
        ["--upright"],
        ["--one-piece", "glenoid"],
        ["--precision", "fp32"],
        ["--size", "small"],
    ],
)
def test_what_the_bundle_says_cannot_be_said_again(
    run: Run, raw: Path, source: Path, tmp_path: Path, more: list[str]
) -> None:
    outcome = run("export", "7", tmp_path / "refined", "--unets", source, *more)
    assert outcome.exit_code == 2
    assert "are what the bundle of --unets says itself" in " ".join(outcome.output.split())


def test_a_label_map_elsewhere_is_named(run: Run, raw: Path, source: Path) -> None:
    image, _ = read_case(NAME, "s1", upright=False)
    off = Volume(
        np.zeros((3, 40, 36), np.uint8), image.spacing_mm, (0.0, 0.0, 0.0), image.direction
    )
    write_image(raw / "labelsTr" / "s1.nii.gz", off)
    outcome = run("train-refiner", "7", "--unets", source, *TRAINING.split())
    assert outcome.exit_code == 2
    assert "s1.nii.gz does not lie on the grid" in " ".join(outcome.output.split())


def test_bones_go_by_their_names(
    run: Run, raw: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dataset may number the bones the other way round."""
    labels = raw / "labelsTr"
    before = {path: read_label_map(path) for path in labels.iterdir()}
    voters = bundle_voters(source, ["0", "1"])
    plain = load_refiner_cases(NAME, voters, raw.parents[1] / "votes", "cpu")
    for path, volume in before.items():
        swapped = np.array([0, 2, 1], np.uint8)[volume.array]
        write_label_map(path, swapped, volume)
    described = DATASET | {"labels": {"background": 0, "glenoid": 1, "humerus": 2}}
    (raw / "dataset.json").write_text(json.dumps(described))
    cases = load_refiner_cases(NAME, voters, raw.parents[1] / "votes", "cpu")
    for name, case in plain.cases.items():
        assert set(np.unique(case.label_map)) == {0, 1, 2}
        np.testing.assert_array_equal(cases.cases[name].label_map, case.label_map)
    described["labels"] = {"background": 0, "humerus": 1, "scapula": 2}
    (raw / "dataset.json").write_text(json.dumps(described))
    outcome = run("train-refiner", "7", "--unets", source, *TRAINING.split())
    assert outcome.exit_code == 2
    assert "labels humerus, scapula, the U-Nets find humerus, glenoid" in " ".join(
        outcome.output.split()
    )


def test_unets_trained_elsewhere_vote_on_every_case(raw: Path, source: Path) -> None:
    splits = [{"train": ["s0", "s1"], "val": ["s2"]}]
    (raw / "splits_final.json").write_text(json.dumps(splits))
    voters = bundle_voters(source, ["0"])
    cases = load_refiner_cases(NAME, voters, raw.parents[1] / "votes", "cpu")
    assert all(case.votes is not None for case in cases.cases.values())


def test_a_patient_is_learned_from_or_held_out(run: Run, raw: Path, source: Path) -> None:
    write_patients(raw, {"s0": "a", "s1": "a", "s2": "b"})
    voters = bundle_voters(source, ["0", "1"])
    cases = load_refiner_cases(NAME, voters, raw.parents[1] / "votes", "cpu")
    assert cases.patients == {"s0": "s0", "s1": "s0", "s2": "s2"}
    outcome = run("train-refiner", "7", "--unets", source, *TRAINING.split())
    assert "1 held-out cases (patients: 1): Dice" in " ".join(outcome.output.split())
    write_patients(raw, {"s0": "a", "s1": "b", "s2": "a"})
    outcome = run("train-refiner", "7", "--unets", source, *TRAINING.split())
    assert outcome.exit_code == 2
    said = " ".join(outcome.output.split())
    assert "fold 0 of splits_final.json learns from s0 and holds out s2" in said


def test_a_calibration_that_is_left_out_is_told(
    run: Run, raw: Path, source: Path, tmp_path: Path
) -> None:
    quality = json.loads((DEFAULT_FOLDER / "quality.json").read_text())

    def write(path: Path) -> None:
        path.write_text(json.dumps(quality), encoding="utf-8")

    put_file(source, "quality.json", write)
    assert run("train-refiner", "7", "--unets", source, *TRAINING.split()).exit_code == 0
    outcome = run("export", "7", tmp_path / "refined", "--unets", source)
    assert "make it anew: shoulderseg calibrate" in " ".join(outcome.output.split())
