"""How `--map` is read."""

from __future__ import annotations

from collections.abc import Iterable


def split_entries(texts: Iterable[str]) -> list[str]:
    """Splits `3=humerus,5=glenoid` into its entries; `--map` may also be repeated.

    A comma without an equals sign on both of its sides belongs to a name.
    """
    entries: list[str] = []
    for text in texts:
        parts = text.split(",")
        entry = parts[0]
        for place, part in enumerate(parts[1:], start=1):
            if "=" in entry and any("=" in later for later in parts[place:]):
                entries.append(entry.strip())
                entry = part
            else:
                entry += f",{part}"
        entries.append(entry.strip())
    return entries


def parse_label_map(texts: list[str]) -> dict[int, str]:
    """Reads `VALUE=NAME` entries.

    Raises:
        ValueError: if an entry has another form, or a value or name comes twice.
    """
    mapping: dict[int, str] = {}
    for entry in split_entries(texts):
        value, _, name = entry.partition("=")
        if not value.isdecimal() or int(value) == 0 or not name:
            msg = f"--map is {entry!r}; expected VALUE=NAME with a value above 0, as in 3=humerus"
            raise ValueError(msg)
        if int(value) in mapping or name in mapping.values():
            msg = f"--map {entry!r} repeats a value or name of {mapping}"
            raise ValueError(msg)
        mapping[int(value)] = name
    return mapping


def parse_structures(texts: list[str]) -> tuple[dict[str, str], dict[str, int]]:
    """Reads `VALUE=NAME` and `SEGMENT=NAME` entries, of which several may mean one structure.

    Returns:
        Value or segment in small letters to structure; and the structures with their numbers, in
        the order of `number_labels`. Without entries these are humerus and glenoid.

    Raises:
        ValueError: if an entry has another form, a value or segment comes twice, or no entry names
            a structure.
    """
    from shoulderseg.workflows.conversion.conversion import number_labels

    keys: dict[str, str] = {}
    for entry in split_entries(texts):
        key, _, name = entry.partition("=")
        key, name = " ".join(key.split()).casefold(), name.strip()
        if not key or not name or key == "0":
            msg = f"--map is {entry!r}; expected VALUE=NAME or SEGMENT=NAME, as in 3=humerus"
            raise ValueError(msg)
        if key in keys:
            msg = f"--map {entry!r} repeats a value or segment of {keys}"
            raise ValueError(msg)
        keys[key] = name
    names = [name for name in dict.fromkeys(keys.values()) if name != "background"]
    if texts and not names:
        msg = "--map names no structure but background; add one, as in 3=humerus"
        raise ValueError(msg)
    return keys, number_labels(names or ["humerus", "glenoid"])
