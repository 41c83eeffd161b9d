from __future__ import annotations

from typing import Any

import pytest

from shoulderseg.nnunet_ext.regions import foreground_labels, region_dataset_json


def dataset(**labels: int | list[int]) -> dict[str, Any]:
    return {"labels": {"background": 0, **labels}, "numTraining": 4, "file_ending": ".nii.gz"}


def test_values_and_order_come_from_the_dataset() -> None:
    assert foreground_labels(dataset(patella=7, femur=3)) == {"patella": 7, "femur": 3}


@pytest.mark.parametrize(
    ("parts", "labels", "order"),
    [
        ((0,), {"background": 0, "humerus": [1, 1]}, [1]),
        ((1,), {"background": 0, "glenoid": [2, 2]}, [2]),
        ((0, 1), {"background": 0, "humerus+glenoid": [1, 2]}, [1]),
    ],
)
def test_region_of_each_unet(
    parts: tuple[int, ...], labels: dict[str, Any], order: list[int]
) -> None:
    original = dataset(humerus=1, glenoid=2)
    described = region_dataset_json(original, parts)
    assert described["labels"] == labels
    assert described["regions_class_order"] == order
    assert described["numTraining"] == 4
    assert original == dataset(humerus=1, glenoid=2)


def test_several_regions_are_outputs_of_one_network() -> None:
    described = region_dataset_json(dataset(humerus=1, glenoid=2), (0, 1), (0,), (1,))
    assert list(described["labels"].items()) == [
        ("background", 0),
        ("humerus+glenoid", [1, 2]),
        ("humerus", [1, 1]),
        ("glenoid", [2, 2]),
    ]
    # The parts are written over the whole.
    assert described["regions_class_order"] == [1, 1, 2]


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ({"humerus": 1}, "exactly two"),
        ({"humerus": 1, "glenoid": 2, "clavicle": 3}, "exactly two"),
        ({"humerus": 1, "glenoid": 2, "ignore": 3}, "ignore label"),
        ({"humerus": [1, 2], "glenoid": 2}, "regions"),
    ],
)
def test_other_datasets_are_refused(labels: dict[str, int | list[int]], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        region_dataset_json(dataset(**labels), (0,))
