"""`case_patients.json` of a raw nnU-Net dataset: which of its cases are of one patient.

nnU-Net does not look at it. Whoever judges a model needs it: images of one patient are alike, so
they count together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from shoulderseg.datasets.nnunet_raw import write_json

PATIENTS_FILE = "case_patients.json"
_ELSE = "remove the file if nobody knows the patients"


def write_patients(folder: Path, patients: Mapping[str, str]) -> None:
    """Writes the file, in which each patient is called after the first of their cases.

    Args:
        folder: Of the dataset.
        patients: Case name to anything that tells the patient; it is not written. Where each case
            is its own patient nobody told who the patients are, and no file is written.

    Raises:
        OSError: If it cannot be written.
    """
    if all(case == patient for case, patient in patients.items()):
        return
    first: dict[str, str] = {}
    for case in sorted(patients):
        first.setdefault(patients[case], case)
    write_json(folder / PATIENTS_FILE, {case: first[patients[case]] for case in sorted(patients)})


def read_patients(folder: Path, cases: Iterable[str]) -> dict[str, str] | None:
    """Tells the patient of each case.

    Args:
        folder: Of the dataset.
        cases: Names of cases.

    Returns:
        Case name to patient; None where the dataset has no such file.

    Raises:
        ValueError: If the file is something else, or lacks a case.
    """
    path = folder / PATIENTS_FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        msg = f"{path} cannot be read: {error}; {_ELSE}"
        raise ValueError(msg) from error
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found.values()):
        msg = (
            f"{path} should tell the patient of each case, as in {{'case_1': 'patient_1'}}; {_ELSE}"
        )
        raise ValueError(msg)
    wanted = sorted(set(cases))
    missing = [case for case in wanted if case not in found]
    if missing:
        msg = f"{path} does not tell the patient of {missing[0]}; add it, or {_ELSE}"
        raise ValueError(msg)
    return {case: found[case] for case in wanted}
