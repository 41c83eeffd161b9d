"""Results of the same name that were made of other images are not written over unasked."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from shoulderseg.workflows.cohort.fingerprint import fingerprint
from shoulderseg.workflows.cohort.fragment import Fragment, read_fragments
from shoulderseg.workflows.inputs.case_input import CaseInput
from shoulderseg.workflows.outputs.plan import REPORT_FILE
from shoulderseg.workflows.segmentation.earlier_runs import INPUT, read_earlier


def check_origin(out: Path, images: str, cases: Collection[CaseInput]) -> None:
    """Refuses a folder that holds results of another patient under the name of a case.

    Folders of several patients, each with a `t1.nii.gz`, may be given one after the other. Images
    that were moved are the same; those of the same folder may change.

    Args:
        out: folder of the results.
        images: `input_digest` of the images of the run.
        cases: of the run.

    Raises:
        ValueError: if it does; names the first case, and what to do.
        OSError: if the report of earlier runs can neither be read nor put aside.
    """
    elsewhere = {
        record["case"]
        for run in read_earlier(out / REPORT_FILE)
        if run.get(INPUT) not in (None, images)
        for record in run["cases"]
        if "outputs" in record
    }
    own = {case.name: case for case in cases}
    met = elsewhere & own.keys()
    others: list[str] = []
    for fragment in read_fragments(out).values() if met else ():
        shared = [record["case"] for record in fragment.records if record["case"] in met]
        if shared and _lies_there(out, fragment) and not _is_of(fragment, own):
            others += shared
    if not others:
        return
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    msg = (
        f"{out} holds results of {others[0]}{more} that were made of other images, of another "
        "folder; another output folder keeps them, --overwrite puts these in their place"
    )
    raise ValueError(msg)


def _is_of(fragment: Fragment, cases: dict[str, CaseInput]) -> bool:
    """Whether what was done was done of these images, or was not done in full."""
    names = [record["case"] for record in fragment.records]
    if not fragment.fingerprint:
        return True
    return all(name in cases for name in names) and (
        fingerprint([cases[name] for name in names]) == fragment.fingerprint
    )


def _lies_there(out: Path, fragment: Fragment) -> bool:
    return any((out / file).exists() for file in fragment.files)
