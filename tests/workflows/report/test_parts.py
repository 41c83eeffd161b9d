"""What a case gives to the page: slices, labels, surfaces, in files of its own."""

from __future__ import annotations

import base64
import io
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shoulderseg.datasets.volume import Volume
from shoulderseg.workflows.report.mesh import MOST_TRIANGLES, small_meshes
from shoulderseg.workflows.report.parts import file_stem, read_row, write_part
from shoulderseg.workflows.report.safe_json import script_json
from shoulderseg.workflows.report.slices import shown_case, slice_pictures, thumbnail
from tests.workflows.report.made_run import CORONAL, HOSTILE, LABELS, bones, image_of, record


def test_slices_keep_their_grey_values_and_labels() -> None:
    label_map = bones()
    told = slice_pictures(shown_case(label_map, image_of(label_map), (1, 2)))
    assert (told["wide"], told["high"], told["pixel_mm"]) == (48, 48, 1.0)
    assert (told["numbers"], told["of"]) == ([1, 2, 3, 4, 5, 6, 7, 8], 8)
    labels = np.frombuffer(zlib.decompress(base64.b64decode(told["labels"])), np.uint8)
    np.testing.assert_array_equal(labels.reshape(8, 48, 48), label_map.array)
    grey = np.asarray(Image.open(io.BytesIO(base64.b64decode(told["images"][4]))).convert("L"))
    inside = label_map.array[4] == 1
    assert grey[inside].mean() > grey[label_map.array[4] == 0].mean() + 50


@pytest.mark.parametrize(
    ("direction", "sides"),
    [
        (CORONAL, ["R", "L", "S", "I"]),
        # Rows of a sagittal slice of a left shoulder, from front to back.
        ((0.0, 0.0, -1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0), ["A", "P", "S", "I"]),
        ((1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0), ["R", "L", "A", "P"]),
    ],
)
def test_the_letters_at_the_edges_follow_the_header(
    direction: tuple[float, ...], sides: list[str]
) -> None:
    label_map = replace(bones(), direction=direction)
    assert slice_pictures(shown_case(label_map, None, (1, 2)))["sides"] == sides


def test_a_volume_upside_down_is_shown_as_scanners_store_it() -> None:
    label_map = bones()
    turned = Volume(
        np.ascontiguousarray(label_map.array[:, ::-1]),
        label_map.spacing_mm,
        (0.0, 0.0, -47.0),
        (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0),
    )
    assert (
        slice_pictures(shown_case(turned, None, (1, 2)))["labels"]
        == (slice_pictures(shown_case(label_map, None, (1, 2)))["labels"])
    )


def test_many_and_large_slices_are_thinned_out_around_the_bones() -> None:
    array = np.zeros((100, 700, 350), np.uint8)
    array[40:80, 300:400, 100:200] = 1
    label_map = Volume(array, (1.0, 0.2, 0.4), (0.0, 0.0, 0.0), CORONAL)
    told = slice_pictures(shown_case(label_map, None, (1, 2)))
    assert (told["wide"], told["high"]) == (320, 320)
    assert told["pixel_mm"] == pytest.approx(0.4375)
    assert len(told["numbers"]) == 24
    assert (told["numbers"][0], told["numbers"][-1], told["of"]) == (40, 81, 100)


def test_few_slices_with_bone_leave_room_for_their_neighbours() -> None:
    array = np.zeros((60, 8, 8), np.uint8)
    array[57:59] = 1
    label_map = Volume(array, (3.0, 1.0, 1.0), (0.0, 0.0, 0.0), CORONAL)
    numbers = slice_pictures(shown_case(label_map, None, (1, 2)))["numbers"]
    assert numbers == list(range(37, 61))


def test_a_thumbnail_shows_both_bones_outlined() -> None:
    label_map = bones()
    picture = thumbnail(
        shown_case(label_map, image_of(label_map), (1, 2)), ((255, 0, 0), (0, 0, 255))
    )
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB")).astype(
        int
    )
    assert pixels.shape == (48, 48, 3)
    red, blue = pixels[..., 0] - pixels[..., 2] > 60, pixels[..., 2] - pixels[..., 0] > 60
    assert red.sum() > blue.sum() > 5


def test_surfaces_lie_where_the_bones_are() -> None:
    array = np.zeros((12, 60, 60), np.uint8)
    z, y, x = np.indices(array.shape)
    array[(4.0 * (z - 6)) ** 2 + (y - 30) ** 2 + (x - 30) ** 2 < 20**2] = 2
    label_map = Volume(array, (4.0, 1.0, 1.0), (5.0, 6.0, 7.0), CORONAL)
    missing, mesh = small_meshes(shown_case(label_map, None, (1, 2)))
    assert missing is None
    assert mesh is not None
    corners = np.frombuffer(base64.b64decode(mesh["corners"]), "<i2").reshape(-1, 3) / 10
    triangles = np.frombuffer(base64.b64decode(mesh["triangles"]), "<u2").reshape(-1, 3)
    assert 300 < len(triangles) <= MOST_TRIANGLES
    assert triangles.max() < len(corners)
    np.testing.assert_allclose(corners.max(axis=0) - corners.min(axis=0), 40, atol=4)
    np.testing.assert_allclose(np.linalg.norm(corners, axis=1), 20, atol=3)


def test_a_part_belongs_to_one_result(tmp_path: Path) -> None:
    label_map = bones()
    told = record("a")
    assert read_row(tmp_path, told) is None
    write_part(tmp_path, told, LABELS, label_map, image_of(label_map))
    row = read_row(tmp_path, told)
    assert row is not None
    assert (row["pictured"], row["note"], row["plane"]) == (True, "", "coronal")
    assert read_row(tmp_path, record("a", dice=(0.9, 0.81))) is None
    measured = record("a", measures_of_bones=[{"name": "height", "value": 38.0}])
    assert read_row(tmp_path, measured) is None
    [*left] = tmp_path.rglob(".part-*")
    assert left == []


def test_a_part_stays_within_what_a_folder_of_thousands_allows(tmp_path: Path) -> None:
    label_map = bones((24, 320, 320))
    write_part(tmp_path, record("a"), LABELS, label_map, image_of(label_map))
    sizes = {path.suffix: path.stat().st_size for path in tmp_path.rglob("a.*")}
    # Nothing compresses worse than noise.
    assert sizes[".js"] < 500_000
    assert sizes[".json"] < 12_000


def test_each_name_has_a_file_of_its_own_that_any_system_takes() -> None:
    names = [
        *HOSTILE,
        "sub-01_T2w",
        "a.b",
        "..",
        ".hidden",
        "case-0123456789abcdef01234567",
        "\udcff",
    ]
    stems = [file_stem(name) for name in names]
    assert len(set(stems)) == len(names)
    assert stems[5:7] == ["sub-01_T2w", "a.b"]
    assert all(
        stem.isascii() and len(stem) <= 100 and not set(stem) & set('/\\:"<>|?*%#&')
        for stem in stems
    )
    assert not any(stem.startswith(".") for stem in stems)


def test_json_in_a_page_has_no_markup_and_no_numbers_that_are_none() -> None:
    text = script_json({"<a>": ["&", "\u2028\u2029", float("inf")], "b": (1, float("nan"))})
    assert text == ('{"\\u003ca\\u003e":["\\u0026","\\u2028\\u2029",null],"b":[1,null]}')


def test_no_part_is_written_through_a_link(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "out" / "report").mkdir(parents=True)
    (tmp_path / "out" / "report" / "cases").symlink_to(elsewhere)
    with pytest.raises(ValueError, match="report/cases in the folder of the output is a link"):
        write_part(tmp_path / "out", record("a"), LABELS, bones(), None)
    assert list(elsewhere.iterdir()) == []
