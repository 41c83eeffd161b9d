from __future__ import annotations

import pytest
from pydicom.sr.codedict import codes

from shoulderseg.datasets.labels import CATEGORY, as_hex, describe_labels


def test_the_bones_and_their_codes_are_those_of_dicom() -> None:
    humerus, glenoid = describe_labels()
    assert (humerus.name, humerus.value) == ("humerus", 1)
    assert (glenoid.name, glenoid.value) == ("glenoid", 2)
    assert humerus.kind.value == codes.cid6114.Humerus.value
    assert glenoid.kind.value == codes.cid6115.GlenoidCavityOfScapula.value
    assert CATEGORY.value == codes.cid7150.AnatomicalStructure.value
    assert humerus.colour != glenoid.colour


def test_labels_come_by_value_and_unknown_names_are_coded_as_the_category() -> None:
    first, second = describe_labels({"anterior": 2, "Humerus": 1})
    assert (first.name, second.name) == ("Humerus", "anterior")
    assert first.kind.meaning == "Humerus"
    assert second.kind == CATEGORY
    assert describe_labels({}) == ()


@pytest.mark.parametrize("values", [{"a": 1, "b": 1}, {"a": 0}, {"a": 256}])
def test_values_that_cannot_be_told_apart_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="value"):
        describe_labels(values)


def test_colours_as_text() -> None:
    assert as_hex((1, 160, 255)) == "#01a0ff"
