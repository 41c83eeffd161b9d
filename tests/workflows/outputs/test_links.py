"""Links that lie in the folder of the output lead nothing out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoulderseg.workflows.outputs.formats import Format
from shoulderseg.workflows.outputs.plan import Case, OutputPlan
from tests.datasets.oblique_case import oblique_image, write_sources
from tests.workflows.outputs.written_case import write_case


def files_in(folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("bids", [True, False])
def test_a_link_under_the_name_of_any_file_is_replaced(tmp_path: Path, bids: bool) -> None:
    case = Case("sub-3_ses-k_PDw", write_sources(tmp_path / "series", oblique_image()))
    plain = OutputPlan(tmp_path / "plain", tuple(Format), bids)
    write_case(plain, case)
    names = files_in(plain.out)
    # Eight formats and surfaces at least, and in a BIDS dataset four files more.
    assert len(names) >= 8 + 4 * bids
    linked = OutputPlan(tmp_path / "linked", tuple(Format), bids)
    victim = tmp_path / "victim"
    # The mark lets the dataset's description pass for one of ours.
    victim.write_text('"shoulderseg" and what is precious')
    for name in names:
        (linked.out / name).parent.mkdir(parents=True, exist_ok=True)
        (linked.out / name).symlink_to(victim)
    record = write_case(linked, case)
    assert "not_written" not in record
    assert victim.read_text() == '"shoulderseg" and what is precious'
    assert files_in(linked.out) == names
    assert not any((linked.out / name).is_symlink() for name in names)


@pytest.mark.parametrize("link", ["sub-3", "sub-3/ses-k", "sub-3/ses-k/anat"])
def test_a_case_whose_folder_is_a_link_is_refused(tmp_path: Path, link: str) -> None:
    plan = OutputPlan(tmp_path / "out", bids=True)
    other = tmp_path / "other"
    other.mkdir()
    (plan.out / link).parent.mkdir(parents=True)
    (plan.out / link).symlink_to(other)
    with pytest.raises(ValueError, match=f"{link} in the folder of the output is a link"):
        write_case(plan, Case("sub-3_ses-k_PDw"))
    assert list(other.iterdir()) == []
    assert write_case(plan, Case("sub-4_ses-k_PDw"))["outputs"]


def test_old_files_behind_a_link_are_not_listed(tmp_path: Path) -> None:
    plan, case = OutputPlan(tmp_path / "out", bids=True), Case("sub-3_PDw")
    write_case(plan, case)
    assert plan.left_over(case, ())
    (plan.out / "sub-3").rename(tmp_path / "other")
    (plan.out / "sub-3").symlink_to(tmp_path / "other")
    assert plan.left_over(case, ()) == []
