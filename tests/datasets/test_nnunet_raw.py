from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from nnunetv2.utilities.utils import get_filenames_of_train_images_and_targets

from shoulderseg.datasets.nnunet_raw import (
    DatasetSpec,
    dataset_folder_name,
    write_case,
    write_dataset_json,
)
from shoulderseg.datasets.reader import read_image, read_label_map

if TYPE_CHECKING:
    from pathlib import Path

    from shoulderseg.datasets.volume import Volume


def test_folder_is_found_by_nnunet(tmp_path: Path, oblique: Volume, labels: Volume) -> None:
    spec = DatasetSpec(7, "Shoulder", licence="CC0-1.0", reference="made here")
    folder = tmp_path / dataset_folder_name(spec)
    assert folder.name == "Dataset007_Shoulder"
    label_map = (labels.array == 3).astype(np.uint8)
    write_case(folder, "b", oblique, label_map)
    write_case(folder, "a", oblique, label_map)
    write_case(folder, "t", oblique, label_map, test=True)
    write_dataset_json(folder, spec, 2)
    found = get_filenames_of_train_images_and_targets(str(folder))
    assert found == {
        case: {
            "images": [str(folder / "imagesTr" / f"{case}_0000.nii.gz")],
            "label": str(folder / "labelsTr" / f"{case}.nii.gz"),
        }
        for case in ("a", "b")
    }
    assert np.array_equal(read_image(folder / "imagesTs/t_0000.nii.gz").array, oblique.array)
    assert np.array_equal(read_label_map(folder / "labelsTs/t.nii.gz").array, label_map)


def test_dataset_json(tmp_path: Path) -> None:
    spec = DatasetSpec(7, "Shoulder", labels={"glenoid": 2, "background": 0, "humerus": 1})
    write_dataset_json(tmp_path, spec, 12)
    content = json.loads((tmp_path / "dataset.json").read_text())
    assert content["channel_names"] == {"0": "MRI"}
    assert list(content["labels"].items()) == [("background", 0), ("humerus", 1), ("glenoid", 2)]
    assert content["numTraining"] == 12
    assert content["file_ending"] == ".nii.gz"


def test_label_map_of_the_wrong_shape_writes_nothing(tmp_path: Path, oblique: Volume) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        write_case(tmp_path, "a", oblique, np.zeros((1, 2, 3), np.uint8))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"dataset_id": 0}, "1 to 999"),
        ({"dataset_id": 1000}, "1 to 999"),
        ({"name": "a/b"}, "letters"),
        ({"labels": {"humerus": 1}}, "background 0"),
        ({"labels": {"background": 0, "humerus": 2}}, "background 0"),
        ({"labels": {"background": 0, "a": 1, "b": 1}}, "background 0"),
        ({"labels": {"background": 0}}, "at least one structure"),
    ],
)
def test_impossible_spec(change: dict[str, object], reason: str) -> None:
    fields: dict[str, object] = {"dataset_id": 1, "name": "Shoulder"}
    with pytest.raises(ValueError, match=reason):
        DatasetSpec(**(fields | change))  # type: ignore[arg-type]
