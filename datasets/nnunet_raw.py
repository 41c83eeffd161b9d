"""A dataset folder in the raw format of nnU-Net v2.

Format: nnU-Net, documentation/dataset_format.md. `labelsTs` is an addition of ours: nnU-Net has
no place for the labels of test cases.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shoulderseg.datasets.output_file import make_folder, write_text
from shoulderseg.datasets.writer import write_image, write_label_map

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume

FILE_ENDING = ".nii.gz"


@dataclass(frozen=True)
class DatasetSpec:
    """What a dataset is called and what its labels mean.

    Attributes:
        dataset_id: nnU-Net's number of the dataset, 1 to 999.
        name: Name of letters, digits, `_` and `-`, used in the folder name.
        labels: Structure names and their values: background 0, then 1, 2, ...
        channel_name: Name of the only channel. nnU-Net normalises every name but `CT` and a few
            reserved ones by z-score.
        licence: Licence of the data.
        reference: Where the data comes from.
        description: One line about the data.

    Raises:
        ValueError: If the number, the name or the labels do not follow these rules.
    """

    dataset_id: int
    name: str
    labels: Mapping[str, int] = field(
        default_factory=lambda: {"background": 0, "humerus": 1, "glenoid": 2}
    )
    channel_name: str = "MRI"
    licence: str = ""
    reference: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.dataset_id <= 999:
            msg = f"Dataset number is {self.dataset_id}, expected 1 to 999."
            raise ValueError(msg)
        if not re.fullmatch(r"[A-Za-z0-9_-]+", self.name):
            msg = f"Dataset name is {self.name!r}, expected letters, digits, '_' and '-' only."
            raise ValueError(msg)
        values = list(self.labels.values())
        if self.labels.get("background") != 0 or sorted(values) != list(range(len(values))):
            msg = f"Labels are {dict(self.labels)}, expected background 0, then 1, 2, ..."
            raise ValueError(msg)
        if len(values) < 2:
            msg = "Labels hold the background alone, expected at least one structure."
            raise ValueError(msg)


def dataset_folder_name(spec: DatasetSpec) -> str:
    """Gives the folder name nnU-Net expects, such as `Dataset007_Shoulder`."""
    return f"Dataset{spec.dataset_id:03d}_{spec.name}"


def write_case(
    folder: Path,
    case: str,
    image: Volume,
    label_map: npt.NDArray[np.uint8],
    *,
    test: bool = False,
) -> None:
    """Writes one image and its label map into a dataset folder.

    Args:
        folder: The dataset folder; missing folders are made.
        case: Name of the case, without suffix and channel number.
        image: The image.
        label_map: Its labels, uint8, shape (Z, Y, X) of the image.
        test: Whether the case goes to `imagesTs` and `labelsTs` and is never trained on.

    Raises:
        ValueError: If the shapes differ, the label map is not uint8 or a folder is a link.
        OSError: If a file cannot be written.
    """
    part = "Ts" if test else "Tr"
    images, labels = folder / f"images{part}", folder / f"labels{part}"
    make_folder(images, folder)
    make_folder(labels, folder)
    write_label_map(labels / f"{case}{FILE_ENDING}", label_map, image)
    write_image(images / f"{case}_0000{FILE_ENDING}", image)


def write_dataset_json(folder: Path, spec: DatasetSpec, num_training: int) -> None:
    """Writes `dataset.json`.

    Args:
        folder: The dataset folder.
        spec: The dataset.
        num_training: Number of training cases.

    Raises:
        OSError: If the file cannot be written.
    """
    write_json(
        folder / "dataset.json",
        {
            "name": spec.name,
            "description": spec.description,
            "reference": spec.reference,
            "licence": spec.licence,
            "channel_names": {"0": spec.channel_name},
            "labels": dict(sorted(spec.labels.items(), key=lambda item: item[1])),
            "numTraining": num_training,
            "file_ending": FILE_ENDING,
        },
    )


def write_json(path: Path, content: Any) -> None:  # noqa: ANN401
    """Writes JSON, complete or not at all.

    Args:
        path: File to write or replace.
        content: What `json.dumps` takes.

    Raises:
        OSError: If the file cannot be written.
    """
    write_text(path, json.dumps(content, indent=2) + "\n")
