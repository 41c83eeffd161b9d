"""A bundle's models in stock nnU-Net, and stock models here: do they find the same voxels?

Phantoms, whose slices fit into the networks' patch, are segmented by the exported models in a
process of nnU-Net that cannot import this project (`benchmarks/stock_nnunet.py`). The upper rows
compare each model with our own U-Nets, in float32 by torch, voxel by voxel, and the exported model
of both bones, taken in again by `predict --model`, with nnU-Net's label map of it. The lower ones
compare with the truth: what is lost without the vote and all that `predict` does beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

import shoulderseg as ss
from shoulderseg.datasets.phantom.case import make_case
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.scanner.protocol import PLANES
from shoulderseg.datasets.reader import read_label_map
from shoulderseg.datasets.writer import write_image, write_label_map
from shoulderseg.evaluation.overlap import count_voxels, dice
from shoulderseg.workflows.bundles.nnunet_zip import export_nnunet

LabelMap = npt.NDArray[np.uint8]
SCRIPT = Path(__file__).with_name("stock_nnunet.py")
SEED = 2026
BONES = {"humerus": 1, "glenoid": 2}


def main() -> None:
    """Makes phantoms, lets both segment them, and prints two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="default", help="name or folder of a bundle")
    parser.add_argument("--cases", type=int, default=1, metavar="N", help="phantoms of each plane")
    parser.add_argument("--python", help="of an environment with nnU-Net and without this project")
    parser.add_argument("--quick", action="store_true", help="one phantom of two slices")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure here")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        _make_phantoms(root, 1 if asked.quick else asked.cases, quick=asked.quick)
        export_nnunet(asked.model, root / "models.zip")
        _run_stock(root, asked.python)
        figures = _compare(root, asked.model)
    _print_tables(figures)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


def _make_phantoms(root: Path, cases: int, *, quick: bool) -> None:
    (root / "images").mkdir()
    (root / "labels").mkdir()
    rng = np.random.default_rng(SEED)
    for plane in PLANES[:1] if quick else PLANES:
        # 230 of the default bundle's pixels, whose patch has 256.
        shape, spacing_mm = (2 if quick else 6, 240, 240), (4.0, 0.625, 0.625)
        options = PhantomOptions(plane=plane, shape=shape, spacing_mm=spacing_mm)
        for number in range(cases):
            case, name = make_case(options, rng), f"{plane}_{number}"
            write_image(root / "images" / f"{name}_0000.nii.gz", case.image)
            write_label_map(root / "labels" / f"{name}.nii.gz", case.label_map, case.image)


def _run_stock(root: Path, python: str | None) -> None:
    (root / "results").mkdir()
    start = [sys.executable, "-I", "-S"] if python is None else [python, "-I"]
    packages = sysconfig.get_path("purelib") if python is None else "-"
    words = [*start, SCRIPT, packages, root / "models.zip", root / "images", root / "stock"]
    folders = {"nnUNet_raw": "images", "nnUNet_preprocessed": "images", "nnUNet_results": "results"}
    variables = {name: str(root / folder) for name, folder in folders.items()}
    subprocess.run(
        list(map(str, words)),
        env={**os.environ, **variables},
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _compare(root: Path, model: str) -> dict[str, dict[str, float]]:
    """Sums over all phantoms."""
    (both,) = (root / "results").glob("*Bones/*")
    ours = ss.Segmenter(model, device="cpu", engine="torch", as_stored=True, crop=False)
    usual = ss.Segmenter(model, device="cpu")
    taken_in = ss.Segmenter(both, device="cpu", engine="torch")
    figures: dict[str, dict[str, float]] = {}
    for path in sorted((root / "images").iterdir()):
        case = path.name.removesuffix("_0000.nii.gz")
        stock = dict(_stock_label_maps(root / "stock", case))
        bones = stock["Bones"]
        found = ours(path).probabilities
        for variant, probability in found.items():
            # A bundle that was a stock model has none of the whole.
            if variant.title() in stock:
                _add(figures, f"{variant} alone", stock[variant.title()] > 0, probability > 0.5)
        _add(figures, "both bones in one", bones, _argmax(found["humerus"], found["glenoid"]))
        _add(figures, "both bones in one, taken in", bones, taken_in(path).labels)
        truth, labels = read_label_map(root / "labels" / f"{case}.nii.gz").array, usual(path).labels
        for bone, value in BONES.items():
            for way, label_map in (("nnU-Net", bones), ("predict", labels)):
                score = dice(count_voxels(label_map == value, truth == value))
                figures.setdefault(f"{bone}, {way}", {})[case] = score
    return figures


def _stock_label_maps(out: Path, case: str) -> Iterator[tuple[str, LabelMap]]:
    for folder in out.iterdir():
        label_map = read_label_map(folder / f"{case}.nii.gz").array.astype(np.uint8)
        yield folder.name.rpartition("Shoulder")[2], label_map


def _argmax(humerus: npt.NDArray[np.float32], glenoid: npt.NDArray[np.float32]) -> LabelMap:
    surer = np.where(humerus >= glenoid, 1, 2)
    return np.where(np.maximum(humerus, glenoid) > 0.5, surer, 0).astype(np.uint8)


def _add(
    figures: dict[str, dict[str, float]],
    row: str,
    stock: npt.NDArray[np.generic],
    ours: npt.NDArray[np.generic],
) -> None:
    counts = figures.setdefault(row, {"voxels": 0, "bone": 0, "different": 0})
    counts["voxels"] += stock.size
    counts["bone"] += int(np.count_nonzero(stock))
    counts["different"] += int(np.count_nonzero(stock != ours))


def _print_tables(figures: dict[str, dict[str, float]]) -> None:
    print("| model | voxels | of bone | different |\n" + "|---" * 4 + "|")
    scores = {}
    for row, counts in figures.items():
        if "different" in counts:
            print(f"| {row} | {counts['voxels']} | {counts['bone']} | {counts['different']} |")
        else:
            scores[row] = list(counts.values())
    print("\n| bone, by | n | Dice |\n" + "|---" * 3 + "|")
    for row, values in scores.items():
        # Of a single case there is none.
        spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
        print(f"| {row} | {len(values)} | {np.mean(values):.3f}{spread} |")


if __name__ == "__main__":
    main()
