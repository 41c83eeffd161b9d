"""Results of the same name that were made of other images are not written over unasked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from shoulderseg.workflows.cohort.fingerprint import fingerprint
from shoulderseg.workflows.cohort.fragment import Fragment, files_of, short_name
from shoulderseg.workflows.inputs.case_input import CaseInput
from shoulderseg.workflows.segmentation.earlier_runs import input_digest


def check_origin(
    out: Path,
    cases: Collection[CaseInput],
    done: Mapping[str, Fragment],
    examinations: Mapping[str, Collection[str]],
    owners: Mapping[str, str],
) -> None:
    """Refuses a folder that holds results of another patient under the name of a case.

    Folders of several patients, each with a `t1.nii.gz`, may be given one after the other. Images
    that were moved are the same; those of the same folder may change.

    Args:
        out: folder of the results.
        cases: to be worked on.
        done: what was done in the folder, by the names of cases and examinations.
        examinations: names of the series of each examination.
        owners: whose each file below the folder will be, where other cases may have had it.

    Raises:
        ValueError: if it does; names the first case, and what to do.
    """
    own = {case.name: case for case in cases}
    others = [
        *(name for fragment in done.values() for name in _other_cases(out, own, fragment)),
        *(
            name
            for name, series in examinations.items()
            if _is_another_visit(out, [own[one] for one in series], done.get(short_name(name)))
        ),
        *(
            record["case"]
            for fragment in done.values()
            for record in fragment.records
            if any(
                owners.get(file, record["case"]) != record["case"] and (out / file).exists()
                for file in files_of(record)
            )
        ),
    ]
    if not others:
        return
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    msg = (
        f"{out} holds results of {others[0]}{more} that were made of other images, of another "
        "folder or name; another output folder keeps them, --overwrite puts these in their place"
    )
    raise ValueError(msg)


def _other_cases(out: Path, own: Mapping[str, CaseInput], fragment: Fragment) -> list[str]:
    """Which cases' files are there that were made of other images."""
    files = {record["case"]: files_of(record) for record in fragment.records}
    told = {file for one in [*files.values(), files_of(fragment.examination or {})] for file in one}
    for name in fragment.origins:
        # A case that failed has no record, and its files may be there from before.
        files.setdefault(name, [file for file in fragment.files if file not in told])
    return [
        name
        for name, written in files.items()
        if name in own
        and any((out / file).exists() for file in written)
        and _is_another(own[name], fragment.origins.get(name))
    ]


def _is_another(case: CaseInput, noted: tuple[str, str] | None) -> bool:
    """Whether a noted image is not the case's own, and lay elsewhere; not where nobody knows."""
    if noted is None or not noted[0]:
        return False
    # The image is read only where its folder is another one.
    return input_digest(case.place) != noted[1] and fingerprint([case]) != noted[0]


def _is_another_visit(out: Path, series: Collection[CaseInput], noted: Fragment | None) -> bool:
    """Whether an examination of this name had other series, that lay elsewhere.

    Subjects of two BIDS datasets may have the same number.
    """
    if noted is None or noted.examination is None:
        return False
    if all(case.examination or case.visit for case in series):
        # Their headers name it, and nobody else's do.
        return False
    if not any((out / file).exists() for file in files_of(noted.examination)):
        return False
    names = {case.name for case in series}
    folders = {input_digest(case.place) for case in series}
    return (
        bool(noted.origins)
        and names.isdisjoint(noted.origins)
        and folders.isdisjoint(folder for _, folder in noted.origins.values())
    )
