"""A bundle that knows a bone to be one piece keeps the largest."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.ndimage import label

from shoulderseg.datasets.phantom.case import make_case
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.refine.connected_components import keep_largest_component, keep_one_piece
from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.segmentation.segment import prepare
from shoulderseg.workflows.segmentation.settings import Settings
from tests.untrained import write_untrained

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.workflows.segmentation.segment import Segmentation
    from tests.cli.conftest import Run

CORNERS = np.ones((3, 3, 3))


@pytest.fixture(scope="module")
def scan() -> Volume:
    options = PhantomOptions(plane="coronal", shape=(5, 40, 36), spacing_mm=(6.0, 3.0, 3.0))
    return make_case(options, np.random.default_rng(2), workers=1).image


def segmented(folder: Path, scan: Volume, *bones: str) -> Segmentation:
    folder.mkdir()
    write_untrained(folder, one_piece=bones)
    assert read_bundle(folder).one_piece == bones
    segment = prepare(read_bundle(folder), Settings("cpu", None, mirroring=False, vote="majority"))
    return segment(scan)


def test_the_largest_piece_of_the_bones_that_are_named_is_kept(
    tmp_path: Path, scan: Volume
) -> None:
    plain = segmented(tmp_path / "plain", scan)
    # What untrained networks say is scattered.
    assert label(plain.label_map == 2, CORNERS)[1] > 1
    glenoid = segmented(tmp_path / "glenoid", scan, "glenoid")
    np.testing.assert_array_equal(glenoid.label_map, keep_largest_component(plain.label_map, [2]))
    both = segmented(tmp_path / "both", scan, "humerus", "glenoid")
    said = plain.probabilities
    mean = ((said["glenoid"].astype(np.float64) + said["whole"]) / 2).astype(np.float32)
    expected = keep_one_piece(plain.label_map, [1, 2], scan.spacing_mm, mean)
    np.testing.assert_array_equal(both.label_map, expected)
    np.testing.assert_array_equal(both.voted, both.label_map)
    # The quality is that of the votes: many pieces speak against a result.
    assert both.quality == plain.quality


@pytest.mark.parametrize("said", ["glenoid", ["scapula"], [["glenoid"]], 1])
def test_other_names_are_refused(tmp_path: Path, said: object) -> None:
    write_untrained(tmp_path)
    manifest = json.loads((tmp_path / "bundle.json").read_text())
    (tmp_path / "bundle.json").write_text(json.dumps(manifest | {"one_piece": said}))
    with pytest.raises(ValueError, match=r"bundle\.json of .* is damaged"):
        read_bundle(tmp_path)


def test_export_names_the_wrong_bone(run: Run, tmp_path: Path) -> None:
    outcome = run("export", "901", tmp_path / "bundle", "--one-piece", "glenoid,scapula")
    assert outcome.exit_code == 2
    assert "--one-piece names 'scapula', expected humerus, glenoid or both" in " ".join(
        outcome.output.split()
    )


def test_what_lies_in_a_margin_is_no_piece(
    tmp_path: Path, scan: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The larger of two pieces is a network's fancy where nothing was scanned."""
    array = scan.array.copy()
    array[:, 28:] = 0
    said = np.zeros(array.shape, np.float32)
    said[:, 30:40, 5:15] = 1
    said[2, 10:15, 10:15] = 1
    bones = {"humerus": np.zeros_like(said), "glenoid": said, "whole": said}
    monkeypatch.setattr(
        "shoulderseg.nnunet_ext.inference.predict_probabilities", lambda *_: dict(bones)
    )
    found = segmented(tmp_path / "bundle", replace(scan, array=array), "glenoid")
    expected = np.zeros(array.shape, bool)
    expected[2, 10:15, 10:15] = True
    np.testing.assert_array_equal(found.label_map == 2, expected)
    assert found.measures["voted_voxels"] == 25
    assert not found.unets["glenoid"][:, 28:].any()


def test_the_glenoid_at_the_humerus_is_kept(
    tmp_path: Path, scan: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In slices 20 mm apart a piece of the next slice lies farther away than one beside."""
    humerus, glenoid = (np.zeros(scan.array.shape, np.float32) for _ in range(2))
    humerus[:2, 5:15, 5:15] = 1
    glenoid[:2, 5:15, 20:24] = glenoid[3:, 5:15, 5:15] = 1
    bones = {"humerus": humerus, "glenoid": glenoid, "whole": np.maximum(humerus, glenoid)}
    monkeypatch.setattr(
        "shoulderseg.nnunet_ext.inference.predict_probabilities", lambda *_: dict(bones)
    )
    thick = replace(scan, spacing_mm=(20.0, 1.0, 1.0))
    found = segmented(tmp_path / "both", thick, "humerus", "glenoid")
    beside = glenoid.astype(bool)
    beside[3:] = False
    np.testing.assert_array_equal(found.label_map == 2, beside)
    alone = segmented(tmp_path / "glenoid", thick, "glenoid")
    np.testing.assert_array_equal(alone.label_map == 2, glenoid.astype(bool) & ~beside)
