"""`shoulderseg models`: the bundles that `predict` finds by name."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shoulderseg.cli.failure import BROKEN_ENVIRONMENT, reported
from shoulderseg.cli.signature import PlainGroup, add_command, as_command, flowing
from shoulderseg.cli.terminal import echo, echo_lines

if TYPE_CHECKING:
    from shoulderseg.workflows.bundles.summary import Summary

models_app = typer.Typer(cls=PlainGroup)

NameOption = Annotated[
    str | None,
    typer.Option(help="What to call it.", show_default="the name of the file or folder"),
]
OverwriteOption = Annotated[bool, typer.Option(help="Replace an imported bundle of the same name.")]


def models(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the bundles that `predict --model NAME` finds, or import, fetch and remove them.

    Every file is compared with its fingerprint; the list ends with 3 where one is wrong.
    """
    if context.invoked_subcommand is not None:
        return
    from shoulderseg.workflows.bundles.store import store_folder
    from shoulderseg.workflows.bundles.summary import summarise_all

    with reported():
        summaries = summarise_all()
    store = store_folder()
    if as_json:
        listed = [{**asdict(summary), "verified": not summary.problem} for summary in summaries]
        echo_lines(json.dumps({"store": str(store), "bundles": listed}, indent=2))
    else:
        _print_table(summaries)
        echo(f"imported bundles: {store}")
    if any(summary.problem for summary in summaries):
        raise typer.Exit(BROKEN_ENVIRONMENT)


def import_(
    source: Annotated[
        Path, typer.Argument(metavar="FILE.zip|FOLDER", help="Bundle made by `export`.")
    ],
    name: NameOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Take a bundle into the store, once all its files are verified and loaded."""
    from shoulderseg.workflows.bundles.install import import_bundle

    with reported():
        _announce(import_bundle(source, name, overwrite=overwrite))


def fetch(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where the zipped bundle is; https.")],
    sha256: Annotated[str, typer.Option(metavar="HEX", help="SHA-256 of the zip file.")],
    name: NameOption = None,
    overwrite: OverwriteOption = False,
    allow_http: Annotated[
        bool, typer.Option("--allow-http", help="Allow an address without encryption.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds that the server may be silent.")
    ] = 30.0,
) -> None:
    """Download a zipped bundle and import it; its SHA-256 must be as given."""
    from shoulderseg.workflows.bundles.fetch import fetch_bundle

    with reported():
        _announce(
            fetch_bundle(
                url, sha256, name, overwrite=overwrite, allow_http=allow_http, timeout=timeout
            )
        )


def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An imported bundle.")],
) -> None:
    """Remove an imported bundle."""
    from shoulderseg.workflows.bundles.install import remove_bundle

    with reported():
        remove_bundle(name)
        echo(f"{name} is removed")


def _announce(folder: Path) -> None:
    from shoulderseg.workflows.bundles.summary import summarise

    made = summarise(folder.name, "imported", folder)
    refiner = "with" if made.refiner else "without"
    echo(
        f"{made.name}: folds {', '.join(made.folds)}, {refiner} edge refiner, "
        f"{made.mebibytes:.1f} MiB, in {made.path}"
    )
    echo(f"use it: shoulderseg predict IN OUT --model {made.name}")


def _print_table(summaries: list[Summary]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from shoulderseg.datasets.printable import one_line
    from shoulderseg.workflows.bundles.store import DEFAULT

    table = Table("name", "where", "MiB", "folds", "refiner", "digest", box=None, pad_edge=False)
    table.add_column("verified", overflow="fold")
    for made in summaries:
        table.add_row(
            escape(one_line(made.name)),
            made.where,
            f"{made.mebibytes:.1f}",
            escape(one_line(" ".join(made.folds))),
            {True: "yes", False: "no", None: ""}[made.refiner],
            (made.sha256 or "")[:12],
            escape(one_line(made.problem or "ok")),
        )
    if summaries:
        Console(width=120).print(table)
    if DEFAULT not in {made.name for made in summaries}:
        echo("this installation has no default bundle")


models_app.callback(invoke_without_command=True, help=flowing(models))(as_command(models))
add_command(models_app, import_, "import")
add_command(models_app, fetch)
add_command(models_app, remove)
