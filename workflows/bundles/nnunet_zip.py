"""A bundle's U-Nets as a zip file that nnU-Net installs, for programs that know nnU-Net alone."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.workflows.bundles.manifest import NOTICE
from shoulderseg.workflows.bundles.store import find_bundle

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.exchange.stock_model import StockModel

FIRST_ID = 931
# The same bundle makes the same file, whenever that is.
_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class NnunetModel:
    """One model in the zip file.

    Attributes:
        dataset: what nnU-Net calls it, such as `Dataset931_ShoulderBones`.
        plans: what `nnUNetv2_predict -p` takes.
        folds: numbers of its folds.
        labels: names and values of its labels but the background.
    """

    dataset: str
    plans: str
    folds: tuple[int, ...]
    labels: dict[str, int]


def export_nnunet(
    model: str, out: Path, first_id: int = FIRST_ID, *, overwrite: bool = False
) -> list[NnunetModel]:
    """Writes the U-Nets of a bundle as models of nnU-Net.

    Args:
        model: `default`, the name of an imported bundle, or the path of a folder.
        out: the zip file; its folder is made.
        first_id: number of the first dataset; up to three more follow it.
        overwrite: replace an existing file.

    Returns:
        The models in it.

    Raises:
        FileExistsError: if the file is there.
        FileNotFoundError: if there is no such bundle.
        ValueError: if the bundle is damaged, the file is not called *.zip, or the number is none
            of a dataset.
    """
    from shoulderseg.datasets.output_file import replaced_file
    from shoulderseg.datasets.temporary_folder import temporary_folder
    from shoulderseg.nnunet_ext.exchange.stock_model import write_stock_models
    from shoulderseg.workflows.bundles.bundle import read_bundle

    _check_target(out, overwrite=overwrite)
    bundle = read_bundle(find_bundle(model))
    about = {"notice": NOTICE, "bundle_sha256": bundle.digest}
    with temporary_folder() as root:
        made = write_stock_models(bundle.unets, root, first_id, about)
        out.parent.mkdir(parents=True, exist_ok=True)
        with replaced_file(out) as part:
            _zip(root, part)
        return [_described(model) for model in made]


def _check_target(out: Path, *, overwrite: bool) -> None:
    if out.suffix.lower() != ".zip":
        msg = f"{out} should be called *.zip: nnU-Net installs models from a zip file"
        raise ValueError(msg)
    if out.is_dir() or (out.exists() and not overwrite):
        advice = "" if out.is_dir() else " or give --overwrite"
        msg = f"{out} exists; choose another name{advice}"
        raise FileExistsError(msg)


def _zip(root: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
        for path in sorted(root.rglob("*")):
            if not path.is_file():
                continue
            entry = zipfile.ZipInfo(path.relative_to(root).as_posix(), _DATE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            with path.open("rb") as source, content.open(entry, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target)


def _described(made: StockModel) -> NnunetModel:
    folds = sorted(int(path.name.removeprefix("fold_")) for path in made.folder.glob("fold_*"))
    _, plans, _ = made.folder.name.split("__")
    return NnunetModel(made.folder.parent.name, plans, tuple(folds), made.labels)
