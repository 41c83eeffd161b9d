from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from shoulderseg.nnunet_ext.synthesis.volumes import (
    PartialVolumeError,
    find_partial_volumes,
    read_partial_volumes,
)
from tests.nnunet_ext.synthesis.bodies import (
    AXIAL,
    CORONAL,
    FAT,
    ORIGIN_MM,
    arrays,
    metadata,
    write_map,
)


def test_a_map_is_read_as_it_was_written(map_path: Path) -> None:
    volumes = read_partial_volumes(map_path)
    for name, array in arrays().items():
        assert torch.equal(getattr(volumes, name), torch.from_numpy(array))
    assert volumes.spacing_mm == 1.0
    assert tuple(volumes.origin_mm.tolist()) == ORIGIN_MM
    assert volumes.directions["axial"].tolist() == AXIAL
    assert volumes.structures[FAT] == "subcutaneous_fat"
    (part,) = volumes.composition[FAT]
    assert (part.material, part.share, part.tissue["fat_density"]) == ("fat", 1.0, 0.86)


def test_maps_are_found_by_the_name_of_their_case(tmp_path: Path) -> None:
    folder = tmp_path / "partialVolumesTr"
    folder.mkdir()
    for name in ("b", "a"):
        write_map(folder / f"{name}.safetensors")
    assert list(find_partial_volumes(tmp_path)) == ["a", "b"]


def test_a_dataset_without_maps_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no partial volume maps"):
        find_partial_volumes(tmp_path)


@pytest.mark.parametrize("left", [0, 5, 300, -1])
def test_a_truncated_file_is_refused(map_path: Path, tmp_path: Path, left: int) -> None:
    short = tmp_path / "short.safetensors"
    short.write_bytes(map_path.read_bytes()[:left])
    with pytest.raises(PartialVolumeError, match=r"short\.safetensors is truncated"):
        read_partial_volumes(short)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"format": "shoulderseg partial volumes 2"}, "expected 'shoulderseg partial volumes 1'"),
        ({"spacing_mm": "-1"}, "expected a number above zero"),
        ({"spacing_mm": "NaN"}, "expected a number above zero"),
        ({"origin_mm": "[1, 2]"}, "are not finite numbers of shape"),
        ({"directions": json.dumps({"axial": AXIAL, "coronal": CORONAL})}, "sagittal"),
        (
            {
                "directions": json.dumps(
                    dict.fromkeys(("axial", "coronal", "sagittal"), [[1, 0, 0]] * 3)
                )
            },
            "right angles",
        ),
        ({"structures": "{}"}, "has no name or no composition"),
        ({"composition": "{}"}, "has no name or no composition"),
        ({"composition": "[1]"}, "do not fit its format"),
        ({"joint_mm": "{"}, "do not fit its format"),
    ],
)
def test_metadata_that_do_not_fit_are_named(
    tmp_path: Path, changed: dict[str, str], said: str
) -> None:
    path = write_map(tmp_path / "odd.safetensors", **changed)
    with pytest.raises(PartialVolumeError, match=said) as caught:
        read_partial_volumes(path)
    assert "odd.safetensors" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "array", "said"),
    [
        ("shares", np.full((3, 64, 64, 64), 1, np.uint8), "do not sum to 255"),
        ("materials", np.zeros((3, 64, 64, 64), np.int16), "expected uint8 arrays"),
        ("bones", np.zeros((1, 64, 64, 64), np.uint8), "do not belong together"),
        ("shares", np.zeros((2, 64, 64, 64), np.uint8), "do not belong together"),
    ],
)
def test_arrays_that_do_not_fit_are_named(
    tmp_path: Path, name: str, array: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], said: str
) -> None:
    path = tmp_path / "odd.safetensors"
    save_file(arrays() | {name: array}, path, metadata=metadata())
    with pytest.raises(PartialVolumeError, match=said):
        read_partial_volumes(path)
