"""The page is put together of a run report and of what each case has given."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import shoulderseg
from shoulderseg.datasets.volume import Volume
from shoulderseg.workflows.report.build import build_report
from shoulderseg.workflows.report.noted import Noted
from shoulderseg.workflows.report.parts import script_of
from shoulderseg.workflows.report.sources import label_map_of
from tests.workflows.report.made_run import (
    HOSTILE,
    bones,
    page_data,
    picture,
    record,
    script_data,
    write_files,
    write_report,
)


def test_cases_without_pictures_are_read_again_with_their_images(tmp_path: Path) -> None:
    out, images = tmp_path / "out", tmp_path / "in"
    write_files(out, images, "a")
    write_report(out, [record("a", source={"plane": "coronal", "contrast": "T1", "side": "left"})])
    page = build_report(out, images)
    assert (page.cases, page.failed, page.not_reached, page.without_image) == (1, 0, 0, 0)
    assert page.path == out / "report" / "index.html"
    [row] = page_data(page.path)["rows"]
    assert (row["case"], row["plane"], row["sequence"], row["side"]) == (
        "a",
        "coronal",
        "T1",
        "left",
    )
    assert (row["volumes"], row["dice"], row.get("missing")) == ([30.5, 4.25], [0.9, 0.8], None)
    assert base64.b64decode(row["thumbnail"])[8:12] == b"WEBP"
    content = script_data(script_of(out, "a"))
    assert len(content["slices"]["images"]) == 8
    assert all(content["meshes"])


def test_without_images_the_bones_are_shown_alone_until_images_are_given(tmp_path: Path) -> None:
    out, images = tmp_path / "out", tmp_path / "in"
    write_files(out, images, "a")
    write_report(out, [record("a")])
    assert build_report(out).without_image == 1
    content = script_data(script_of(out, "a"))
    assert content["slices"]["images"] is None
    assert content["slices"]["labels"]
    assert build_report(out, images).without_image == 0
    # And pictures that are there stay where no images are given.
    assert build_report(out).without_image == 0


def test_another_image_of_the_same_name_is_not_shown(tmp_path: Path) -> None:
    out, images = tmp_path / "out", tmp_path / "in"
    write_files(out, tmp_path / "old", "a")
    write_files(tmp_path / "other", images, "a", bones((8, 40, 48)))
    write_report(out, [record("a"), record("b")])
    page = build_report(out, images)
    assert page.without_image == 2
    first, second = page_data(page.path)["rows"]
    assert "not that of the label map" in first["note"]
    assert "none of its files" in second["note"]
    assert "thumbnail" not in second


def test_a_label_map_that_comes_back_is_pictured(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_files(out, tmp_path / "in", "a")
    write_report(out, [record("a")])
    away = next(out.glob("a*.nii.gz")).rename(tmp_path / "a.nii.gz")
    assert "thumbnail" not in page_data(build_report(out).path)["rows"][0]
    assert page_data(build_report(away.rename(out / away.name).parent).path)["rows"][0]["thumbnail"]


def test_a_part_of_an_earlier_result_is_made_anew(tmp_path: Path) -> None:
    out, images = tmp_path / "out", tmp_path / "in"
    write_files(out, images, "a", bones(glenoid=False))
    before, now = record("a"), record("a", seconds={"total": 2.0})
    picture(out, before)
    old = script_data(script_of(out, "a"))
    write_report(out, [now])
    build_report(out, images)
    new = script_data(script_of(out, "a"))
    assert old["digest"] != new["digest"]
    assert all(old["meshes"])
    assert new["meshes"][1] is None


def test_a_page_that_is_built_beside_a_run_spoils_none_of_its_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write_files(out, tmp_path / "in", "a")
    write_report(out, [record("a")])
    new = record("a", seconds={"total": 2.0})

    def read_while_a_run_ends(noted: Noted, told: Mapping[str, Any]) -> Volume:
        label_map = label_map_of(noted, told)
        picture(out, new)
        write_report(out, [new])
        return label_map

    where = "shoulderseg.workflows.report.pictures.label_map_of"
    monkeypatch.setattr(where, read_while_a_run_ends)
    build_report(out)
    assert build_report(out).without_image == 0


def test_a_run_that_goes_on_is_shown_with_what_is_done_and_what_is_not(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done, earlier = record("a"), record("z", flags=["no glenoid found"])
    failed = {"case": "b", "error": "b: cut off"}
    run = {"cases": [earlier], "not_reached": ["y"], "labels": {"humerus": 1, "glenoid": 2}}
    together = [{"examination": "examination_1", "series": {"a": {}, "z": {}}}]
    write_report(
        out,
        [done, failed],
        complete=False,
        not_reached=["c"],
        earlier_runs=[run],
        examinations=together,
    )
    picture(out, done)
    picture(out, earlier)
    page = build_report(out)
    data = page_data(page.path)
    assert (page.cases, page.failed, page.not_reached) == (2, 1, 2)
    assert data["complete"] is False
    assert data["not_reached"] == ["y", "c"]
    assert [(row["case"], row["state"]) for row in data["rows"]] == [
        ("z", "done"),
        ("a", "done"),
        ("b", "failed"),
    ]
    assert data["examinations"] == {"examination_1": ["a", "z"]}
    assert [row.get("examination") for row in data["rows"]] == [
        "examination_1",
        "examination_1",
        None,
    ]


def test_programs_get_the_path_of_the_page(tmp_path: Path) -> None:
    out, images = tmp_path / "out", tmp_path / "in"
    write_files(out, images, "a")
    write_report(out, [record("a")])
    assert shoulderseg.write_report(out) == out / "report" / "index.html"
    single = shoulderseg.write_report(str(out), str(images), single_file=True)
    assert single == out / "report" / "report.html"
    assert page_data(single)["single_file"] is True


def test_verdicts_outlast_a_rebuilt_page(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_report(out, [record("a")])
    picture(out, record("a"))
    first = page_data(build_report(out).path)["run_id"]
    assert page_data(build_report(out).path)["run_id"] == first
    other = tmp_path / "other"
    write_report(other, [])
    assert page_data(build_report(other).path)["run_id"] != first


def test_a_single_file_holds_all_cases(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_report(out, [record("a")])
    picture(out, record("a"))
    page = build_report(out, single_file=True)
    html = page.path.read_text(encoding="utf-8")
    assert page.path.name == "report.html"
    [content] = re.findall(r'class="content" data-file="a">(.*?)</script>', html)
    assert content.encode() in script_of(out, "a").read_bytes()
    assert "'self'" not in html
    write_report(out, [record(f"c{number}") for number in range(101)])
    with pytest.raises(ValueError, match="101 cases, expected at most 100"):
        build_report(out, single_file=True)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_and_words_from_files_are_never_markup(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    told = record(name, flags=[name], source={"plane": name, "contrast": name, "side": name})
    write_report(out, [told, {"case": name, "error": name}], not_reached=[name], notice=name)
    picture(out, told)
    page = build_report(out)
    html = page.path.read_text(encoding="utf-8")
    script = script_of(out, name).read_text(encoding="utf-8")
    [row, failed] = page_data(page.path)["rows"]
    assert (row["case"], row["flags"], row["sequence"], failed["error"]) == (
        name,
        [name],
        name,
        name,
    )
    assert script_data(script_of(out, name))["case"] == name
    if re.search("[<>&]", name):
        assert name not in html + script
    # The only elements of the page are ours.
    assert len(re.findall("<script", html)) == 2
    assert "<img" not in html + script
    assert "{{" not in html.replace('"{{ data }}', "").replace("{{ data }}", "")


def test_the_policy_lets_this_style_and_these_scripts_alone_take_effect(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_report(out, [])
    html = build_report(out).path.read_text(encoding="utf-8")
    [policy] = re.findall(r'Content-Security-Policy" content="(.*?)"', html)
    policy = policy.replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        [text] = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "http://www.w3.org/2000/svg" in html
    assert len(re.findall(r"https?://", html)) == 1


def test_a_folder_without_a_run_and_a_file_that_is_no_report_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no shoulderseg_report\.json in .*predict"):
        build_report(tmp_path)
    for text in ("[]", "{", '{"cases": [{"case": 1}], "labels": {}}', '{"labels": {}}'):
        (tmp_path / "shoulderseg_report.json").write_text(text)
        with pytest.raises(ValueError, match="cannot be read as a run report"):
            build_report(tmp_path)
    assert not (tmp_path / "report").exists()


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    write_report(out, [record("a")])
    (out / "report").symlink_to(elsewhere)
    with pytest.raises(ValueError, match="report in the folder of the output is a link"):
        build_report(out)
    assert list(elsewhere.iterdir()) == []
