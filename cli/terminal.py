"""What is written to the terminal: no text from a file is obeyed there, or forges a line."""

from __future__ import annotations

import typer

RED, YELLOW = typer.colors.RED, typer.colors.YELLOW


def echo(line: str, *, err: bool = False, colour: str | None = None, bold: bool = False) -> None:
    """Writes one line; what would end or change it is shown as an escape.

    Args:
        line: the text.
        err: to stderr.
        colour: of `typer.colors`.
        bold: in bold letters.
    """
    from shoulderseg.datasets.printable import one_line

    shown = one_line(line)
    if colour is None and not bold:
        typer.echo(shown, err=err)
    else:
        typer.secho(shown, fg=colour, bold=bold or None, err=err)


def echo_lines(text: str, *, err: bool = False) -> None:
    """Writes a text of several lines, none of which holds a line end of its own."""
    for line in text.splitlines():
        echo(line, err=err)
