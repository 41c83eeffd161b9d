"""What the report page saves is what the other commands read."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoulderseg.workflows.report.verdicts import bad_cases, read_case_list, read_verdicts


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('# saved\nFILES_SEG:\n- "a"\n- "\\u2028b"\n', {"a", "\u2028b"}),
        ("FILES_SEG: []\n", set()),
        ("FILES_SEG: [out/sub-1_0000.nii.gz]\nFILES_OTHER: [7]", {"sub-1", "7"}),
        ("- a\n- b.seg.nrrd\n", {"a", "b"}),
        # Names, whatever else YAML may take them for.
        ("FILES_SEG: [0012, 1.5, yes, null, 2026-01-01]", {"0012", "1.5", "yes", "null"}),
    ],
)
def test_lists_of_cases_are_read(tmp_path: Path, text: str, names: set[str]) -> None:
    path = tmp_path / "qc_fail.yml"
    path.write_text(text, encoding="utf-8")
    found = read_case_list(path)
    assert names <= found
    assert bool(found) == bool(names)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a: b",
        "a: [[b]]",
        "a: [{b: c}]",
        "a: [b, '']",
        "{",
        "a: [!!python/name:os.system x]",
    ],
)
def test_what_is_no_list_of_cases_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "qc_fail.yml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"qc_fail\.yml .*expected"):
        read_case_list(path)


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "qc_fail.yml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="no text in UTF-8"):
        read_case_list(path)


def test_cases_judged_fail_or_artefact_are_the_bad_ones(tmp_path: Path) -> None:
    path = tmp_path / "qc.csv"
    path.write_text("case,verdict,rank\na,pass,1\nb,fail,\nc,artefact,\nd,,3\n'=e,fail,\n")
    assert read_verdicts(path) == {"a": "pass", "b": "fail", "c": "artefact", "=e": "fail"}
    assert bad_cases(path) == {"b", "c", "=e"}
    assert bad_cases(None) == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "case,verdict\na,Pass\nb, FAIL \nc,artifact\nc,artefact\n",
        # As a spreadsheet saves where a comma parts decimals.
        '\ufeffCase;Verdict;comment\r\na;pass;"1,5; 2"\r\nb;Fail;\r\nc;Artifact;\r\n\r\n',
        "case\tverdict\na\tpass\nb\tfail\nc\tARTEFACT\n",
    ],
)
def test_tables_are_read_as_spreadsheets_and_people_leave_them(tmp_path: Path, text: str) -> None:
    path = tmp_path / "qc.csv"
    path.write_bytes(text.encode())
    assert read_verdicts(path) == {"a": "pass", "b": "fail", "c": "artefact"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n", r"found columns \['a', 'b'\], expected case and verdict"),
        ("case,verdict\na,good\n", "found verdicts"),
        ("case,verdict\na,fail\nb,pass\na,pass\n", r"lines of one case differ: a \(fail, pass\)"),
    ],
)
def test_another_table_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "qc.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=said):
        read_verdicts(path)
