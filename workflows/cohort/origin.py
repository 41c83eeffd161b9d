"""Results of the same name that were made of other images are not written over unasked."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from shoulderseg.workflows.cohort.fingerprint import fingerprint
from shoulderseg.workflows.cohort.fragment import Fragment, files_of
from shoulderseg.workflows.inputs.case_input import CaseInput
from shoulderseg.workflows.segmentation.earlier_runs import input_digest


def check_origin(out: Path, cases: Collection[CaseInput], done: Collection[Fragment]) -> None:
    """Refuses a folder that holds results of another patient under the name of a case.

    Folders of several patients, each with a `t1.nii.gz`, may be given one after the other. Images
    that were moved are the same; those of the same folder may change.

    Args:
        out: folder of the results.
        cases: of the run.
        done: what was done in the folder.

    Raises:
        ValueError: if it does; names the first case, and what to do.
    """
    own = {case.name: case for case in cases}
    others = [
        record["case"]
        for fragment in done
        for record in fragment.records
        if record["case"] in own
        and _is_another(own[record["case"]], fragment.origins.get(record["case"]))
        and _lies_there(out, record)
    ]
    if not others:
        return
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    msg = (
        f"{out} holds results of {others[0]}{more} that were made of other images, of another "
        "folder; another output folder keeps them, --overwrite puts these in their place"
    )
    raise ValueError(msg)


def _is_another(case: CaseInput, noted: tuple[str, str] | None) -> bool:
    """Whether a noted image is not the case's own, and lay elsewhere; not where nobody knows."""
    if noted is None or not noted[0]:
        return False
    # The image is read only where its folder is another one.
    return input_digest(case.path.parent) != noted[1] and fingerprint([case]) != noted[0]


def _lies_there(out: Path, record: dict[str, Any]) -> bool:
    return any((out / file).exists() for file in files_of(record))
