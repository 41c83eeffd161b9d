"""Links in a bundle that is calibrated."""

from __future__ import annotations

import shutil
from pathlib import Path

from shoulderseg.workflows.bundles.manifest import put_file, verified_manifest


def test_links_under_the_names_of_unfinished_files_are_replaced(
    untrained: Path, tmp_path: Path
) -> None:
    bundle, victim = tmp_path / "bundle", tmp_path / "victim"
    shutil.copytree(untrained, bundle)
    victim.write_text("precious")
    for name in (".notes.json.part", ".bundle.json.part", "notes.json"):
        (bundle / name).symlink_to(victim)

    def write(path: Path) -> None:
        path.write_text("{}", encoding="utf-8")

    put_file(bundle, "notes.json", write)
    assert victim.read_text() == "precious"
    assert (bundle / "notes.json").read_text() == "{}"
    assert not (bundle / "bundle.json").is_symlink()
    assert "notes.json" in verified_manifest(bundle)["files"]
