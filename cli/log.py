"""What the library logs, as lines on stderr, and the options that say how much of it."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from shoulderseg.cli.terminal import RED, YELLOW, echo, echo_lines

VerboseOption = Annotated[
    bool, typer.Option("--verbose", metavar="", help="Show what happens inside, with tracebacks.")
]
QuietOption = Annotated[
    bool,
    typer.Option(
        "--quiet", metavar="", help="Show results and errors only, no warnings or progress."
    ),
]
_PROJECT = "shoulderseg"


class TerminalHandler(logging.Handler):
    """Writes `warning: ...` lines; of warnings that differ in their file or numbers alone, one.

    Attributes:
        explicit: whether each record is shown, with the module that it comes from.
    """

    def __init__(self) -> None:
        super().__init__()
        self.explicit = False
        self._first: dict[str, str] = {}
        self._repeats: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a record, unless its like was written before."""
        try:
            self._write(record)
        except Exception:
            self.handleError(record)

    def tell_repeats(self) -> None:
        """Says how many warnings were held back, and forgets them."""
        for cause, count in self._repeats.items():
            times = "once" if count == 1 else f"{count} times"
            echo(
                f"warning: {times} more, for other files: {self._first[cause]} "
                "(--verbose shows each)",
                colour=YELLOW,
                err=True,
            )
        self.forget()

    def forget(self) -> None:
        """Forgets what was written; what follows is another command's."""
        self._first.clear()
        self._repeats.clear()

    def _write(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if self.explicit:
            trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
            echo(f"{record.levelname.lower()} {record.name}: {message}", err=True)
            if trace:
                echo_lines(trace, err=True)
            return
        if record.levelno < logging.WARNING:
            echo(message, err=True)
            return
        cause, told = _cause(record)
        if record.levelno == logging.WARNING and cause in self._first:
            self._repeats[cause] += 1
            return
        self._first[cause] = told
        word, colour = ("warning", YELLOW) if record.levelno == logging.WARNING else ("error", RED)
        echo(f"{word}: {message}", colour=colour, err=True)


_HANDLER = TerminalHandler()


def set_up_log(*, verbose: bool = False, quiet: bool = False) -> None:
    """Sends log records to stderr, as many as the options ask for.

    Raises:
        typer.BadParameter: if both are asked for.
    """
    if verbose and quiet:
        msg = "--verbose and --quiet are opposites; give one of them"
        raise typer.BadParameter(msg)
    root, own = logging.getLogger(), logging.getLogger(_PROJECT)
    if _HANDLER not in root.handlers:
        root.addHandler(_HANDLER)
    # A program may log between two commands of one process, as tests do.
    _HANDLER.forget()
    _HANDLER.explicit = verbose
    root.setLevel(logging.ERROR if quiet else logging.WARNING)
    own.setLevel(logging.ERROR if quiet else logging.DEBUG if verbose else logging.INFO)


@contextmanager
def logged(*, verbose: bool, quiet: bool) -> Iterator[None]:
    """Lets options after a command overrule those before it, and tells repeats at its end."""
    if verbose or quiet:
        set_up_log(verbose=verbose, quiet=quiet)
    try:
        yield
    finally:
        _HANDLER.tell_repeats()


def is_quiet() -> bool:
    """Whether progress is to be kept off the terminal."""
    return not logging.getLogger(_PROJECT).isEnabledFor(logging.WARNING)


def _cause(record: logging.LogRecord) -> tuple[str, str]:
    """What repeats of a warning share, and its text without the file that it is about."""
    message = record.getMessage()
    arguments = record.args if isinstance(record.args, tuple) else ()
    # The readers put the file's name first.
    if len(arguments) > 1 and str(record.msg).startswith("%s: "):
        message = message.removeprefix(f"{arguments[0]}: ")
    numberless = re.sub(r"\d+(\.\d+)?(e[+-]?\d+)?", "#", message)
    return f"{record.name} {numberless}", message
