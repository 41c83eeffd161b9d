"""Terminals and locales that do not know every character.

A log of a cluster is often ASCII; file names, and signs such as ±, are not.
"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

_STARTED_AGAIN = "SHOULDERSEG_UTF8"


def never_fail_to_print() -> None:
    """Makes standard output write an escape for what it cannot show, instead of failing."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def use_utf8_names() -> None:
    """Starts the command again in Python's UTF-8 mode if file names would not be UTF-8.

    File names are bytes. Where the locale says that they are ASCII, names of other characters come
    in as escapes and cannot be written again. Standard output keeps its encoding.
    """
    known = sys.getfilesystemencoding().lower() in ("utf-8", "utf8") or sys.flags.utf8_mode
    # Once only: an interpreter may be told to ignore its environment.
    if known or _STARTED_AGAIN in os.environ:
        return
    shown = getattr(sys.stdout, "encoding", None) or "ascii"
    anew = {"PYTHONUTF8": "1", "PYTHONIOENCODING": f"{shown}:backslashreplace"}
    anew[_STARTED_AGAIN] = "1"
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **anew})


def encodable(sign: str, plain: str) -> str:
    """Gives a sign if standard output can show it, and otherwise its plain form."""
    try:
        sign.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return plain
    return sign
