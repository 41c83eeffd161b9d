from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nibabel
import numpy as np
import pytest
import SimpleITK
from typer.testing import CliRunner

import shoulderseg
from shoulderseg import Result, Segmenter
from shoulderseg.cli.app import app
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.datasets.volume import ras_affine
from shoulderseg.datasets.writer import write_image
from shoulderseg.workflows.inputs.collect import collect_inputs
from tests.datasets.oblique_case import SHAPE, SPACING_MM, oblique_image, write_sources

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume


@pytest.fixture(scope="module")
def segmenter(untrained: Path) -> Segmenter:
    return Segmenter(untrained, device="cpu", mirroring=False)


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Oblique, anisotropic and not square."""
    path = tmp_path_factory.mktemp("scans") / "scan.nii.gz"
    image = oblique_image()
    write_image(path, replace(image, array=image.array.astype(np.float32)))
    return path


@pytest.fixture(scope="module")
def found(segmenter: Segmenter, scan: Path) -> Result:
    return segmenter(scan)


def in_memory(path: Path) -> dict[str, Any]:
    volume = read_image(path)
    return {
        "a name": str(path),
        "SimpleITK": SimpleITK.ReadImage(str(path)),
        "nibabel": nibabel.load(path),
        "array and affine": (volume.array, ras_affine(volume)),
        "volume": volume,
    }


def test_predict_writes_the_same_mask(
    segmenter: Segmenter, untrained: Path, scan: Path, found: Result, tmp_path: Path
) -> None:
    words = ["predict", scan, tmp_path, "--model", untrained, "--no-mirroring", "--device", "cpu"]
    outcome = CliRunner().invoke(app, [str(word) for word in words])
    assert outcome.exit_code == 0, outcome.output
    written = read_label_map(tmp_path / "scan.nii.gz").array
    assert found.labels.any()
    np.testing.assert_array_equal(written, found.labels)
    np.testing.assert_array_equal(segmenter(scan).labels, found.labels)


@pytest.mark.parametrize("held", ["a name", "SimpleITK", "nibabel", "array and affine", "volume"])
def test_an_image_in_memory_gives_what_its_file_gives(
    segmenter: Segmenter, scan: Path, found: Result, held: str
) -> None:
    result = segmenter(in_memory(scan)[held])
    np.testing.assert_array_equal(result.labels, found.labels)
    np.testing.assert_allclose(result.affine, found.affine, atol=1e-4)
    assert result.name == ("scan" if held == "a name" else "image")


def test_what_a_result_holds(found: Result, scan: Path) -> None:
    assert found.labels.dtype == np.uint8
    assert found.labels.shape == SHAPE
    assert found.names == {1: "humerus", 2: "glenoid"}
    np.testing.assert_allclose(
        found.affine, nibabel.Nifti1Image.from_filename(scan).affine, atol=1e-4
    )
    assert set(found.probabilities) == {"humerus", "glenoid", "whole"}
    for probability in found.probabilities.values():
        assert probability.shape == SHAPE
        assert ((probability >= 0) & (probability <= 1)).all()
    voxel_ml = np.prod(SPACING_MM) / 1000
    assert found.volumes_ml["humerus"] == pytest.approx((found.labels == 1).sum() * voxel_ml)
    # This bundle was not calibrated.
    assert found.quality == {"humerus": None, "glenoid": None}
    assert isinstance(found.flags, list)
    assert found.error == ""
    assert SimpleITK.GetArrayFromImage(found.to_sitk()).tolist() == found.labels.tolist()


def test_a_result_is_saved_in_the_formats_asked_for(found: Result, tmp_path: Path) -> None:
    files = found.save(tmp_path / "new" / "out", formats=["nii.gz", "seg.nrrd"])
    assert [file.name for file in files] == ["scan.nii.gz", "scan.seg.nrrd"]
    for file in files:
        np.testing.assert_array_equal(read_label_map(file).array, found.labels)
    with pytest.raises(ValueError, match="DICOM"):
        found.save(tmp_path, formats=["dicom-seg"])
    with pytest.raises(ValueError, match="no such format"):
        found.save(tmp_path, formats=["jpeg"])


def test_a_result_never_replaces_its_image(
    segmenter: Segmenter, scan: Path, tmp_path: Path
) -> None:
    image = tmp_path / "scans" / "scan.nii.gz"
    image.parent.mkdir()
    image.write_bytes(scan.read_bytes())
    (tmp_path / "todo").mkdir()
    link = tmp_path / "todo" / "scan.nii.gz"
    link.symlink_to(image)

    for path in (image, link):
        with pytest.raises(ValueError, match=r"scan\.nii\.gz is the image itself"):
            segmenter(path).save(image.parent)
    assert image.read_bytes() == scan.read_bytes()
    assert [file.name for file in segmenter(image).save(image.parent, "nrrd")] == ["scan.nrrd"]
    with pytest.raises(ValueError, match=r"holds the image that scan\.nii\.gz links to"):
        collect_inputs(link.parent, link.parent, image.parent)


def test_a_dicom_folder_gives_a_dicom_seg(segmenter: Segmenter, tmp_path: Path) -> None:
    write_sources(tmp_path / "series", oblique_image())
    result = segmenter(tmp_path / "series")
    assert len(result.source_files) == SHAPE[0]
    suffixes = {"".join(file.suffixes[-2:]) for file in result.save(tmp_path / "out")}
    assert suffixes == {".nii.gz", ".seg.dcm"}


def test_many_go_on_after_a_failure(segmenter: Segmenter, scan: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for name in ("a", "c"):
        (images / f"{name}.nii.gz").write_bytes(scan.read_bytes())
    (images / "b.nii.gz").write_bytes(scan.read_bytes()[:200])
    results = {result.name: result for result in segmenter.many(images)}
    assert set(results) == {"a", "b", "c"}
    assert results["a"].error == results["c"].error == ""
    assert "b.nii.gz" in results["b"].error
    with pytest.raises(ValueError, match="was not segmented"):
        _ = results["b"].labels
    with pytest.raises(ValueError, match="use many"):
        segmenter(images)


def test_many_from_memory(segmenter: Segmenter, scan: Path, found: Result) -> None:
    good, bad = SimpleITK.ReadImage(str(scan)), SimpleITK.Image(40, 40, 3, SimpleITK.sitkInt16)
    results = list(segmenter.many([good, bad, 3]))
    assert [result.name for result in results] == ["image_1", "image_2", "image_3"]
    np.testing.assert_array_equal(results[0].labels, found.labels)
    assert "no contrast" in results[1].error
    assert "found int" in results[2].error


def test_a_copy_in_another_process_loads_the_bundle_again(
    segmenter: Segmenter, found: Result, scan: Path
) -> None:
    packed = pickle.dumps(segmenter)
    assert len(packed) < 2000
    np.testing.assert_array_equal(pickle.loads(packed)(scan).labels, found.labels)


def test_a_script_needs_no_main_guard(untrained: Path, scan: Path, found: Result) -> None:
    script = (
        "import sys, shoulderseg as ss\n"
        "assert 'torch' not in sys.modules and 'SimpleITK' not in sys.modules\n"
        f"seg = ss.Segmenter({str(untrained)!r}, device='cpu', mirroring=False)\n"
        f"print(int((seg({str(scan)!r}).labels == 1).sum()))\n"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.strip() == str(int((found.labels == 1).sum()))


def test_what_the_package_offers() -> None:
    assert {"Segmenter", "Result", "__version__"} <= set(dir(shoulderseg))
    assert shoulderseg.__version__.count(".") == 2
    with pytest.raises(AttributeError, match="nothing"):
        _ = shoulderseg.nothing


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (np.zeros((3, 40, 40)), "found ndarray"),
        ((np.random.default_rng(0).random((3, 40, 40)), np.eye(3)), r"expected \(4, 4\)"),
        ((np.random.default_rng(0).random((2, 3, 40, 40)), np.eye(4)), "three axes"),
        ((np.full((3, 40, 40), np.nan), np.eye(4)), "not finite"),
        ((np.ones((3, 40, 40), complex), np.eye(4)), "complex"),
        ((np.random.default_rng(0).random((3, 40, 40)), np.diag([1, 1, 0, 1])), "above 0"),
        ((np.random.default_rng(0).random((3, 40, 40)), np.diag([1, 1, 900, 1])), "spacing is"),
    ],
)
def test_an_image_that_cannot_be_used_is_refused(
    segmenter: Segmenter, image: object, told: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=told):
        segmenter(image)


def test_a_sheared_affine_is_refused(segmenter: Segmenter) -> None:
    affine = np.eye(4)
    affine[0, 1] = 0.2
    image = np.random.default_rng(0).random((3, 40, 40))
    with pytest.raises(ValueError, match="sheared"):
        segmenter((image, affine))


def test_a_device_that_is_not_there(untrained: Path) -> None:
    with pytest.raises(ValueError, match="expected one of auto, cuda, mps, cpu"):
        Segmenter(untrained, device="gpu")


def test_no_image_is_said(segmenter: Segmenter, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no image to segment"):
        segmenter(tmp_path)
    with pytest.raises(FileNotFoundError):
        segmenter(tmp_path / "nowhere.nii.gz")


def volume_at(array: np.ndarray[Any, Any], affine: np.ndarray[Any, Any]) -> Volume:
    from shoulderseg.datasets.volume import volume_of

    return volume_of(array, affine)


def test_an_affine_places_voxels_as_nibabel_does() -> None:
    # By hand: x runs to the left by 2 mm, y upwards by 3 mm, z to the front by 4 mm.
    affine = np.array([[-2.0, 0, 0, 10], [0, 0, 4.0, -20], [0, 3.0, 0, 30], [0, 0, 0, 1]])
    volume = volume_at(np.zeros((4, 5, 6)), affine)
    assert volume.spacing_mm == (4.0, 3.0, 2.0)
    assert volume.origin_mm == (-10.0, 20.0, 30.0)
    assert volume.direction == (1, 0, 0, 0, 0, -1, 0, 1, 0)
    np.testing.assert_allclose(ras_affine(volume), affine)
