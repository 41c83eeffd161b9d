"""`shoulderseg models`: the bundles that `predict` finds by name."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
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


class ExportForm(StrEnum):
    """Whose form an exported bundle takes."""

    nnunet = "nnunet"


def models(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the bundles that `predict --model NAME` finds; import, fetch, export and remove them.

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
        Path,
        typer.Argument(
            metavar="FILE.zip|FOLDER",
            help="Bundle made by `export`, or a 2d model of plain nnU-Net with the labels humerus "
            "and glenoid.",
        ),
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


def export(
    model: Annotated[
        str, typer.Argument(metavar="BUNDLE", help="default, an imported bundle, or a folder.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT.zip", help="The file to write.")],
    form: Annotated[
        ExportForm,
        typer.Option("--as", help="nnunet: models that plain nnU-Net installs and runs."),
    ],
    dataset_id: Annotated[
        int,
        typer.Option(metavar="ID", help="Number of the first dataset; up to three more follow it."),
    ] = 931,
    overwrite: Annotated[bool, typer.Option(help="Replace an existing file.")] = False,
) -> None:
    """Write a bundle's U-Nets for programs that know nnU-Net and not shoulderseg.

    The zip file holds one network that finds both bones, and each of the three U-Nets alone. The
    vote, the edge refiner, the reorientation and the predicted scores stay behind.
    """
    from shoulderseg.workflows.bundles.nnunet_zip import export_nnunet

    with reported():
        made = export_nnunet(model, out, dataset_id, overwrite=overwrite)
    echo(f"{out}: {len(made)} models, {out.stat().st_size / 2**20:.1f} MiB")
    for model_made in made:
        named = ", ".join(f"{value} {name}" for name, value in model_made.labels.items())
        echo(f"{model_made.dataset}: {named}")
    first = made[0]
    folds = " ".join(map(str, first.folds))
    echo(f"install them: nnUNetv2_install_pretrained_model_from_zip {out}")
    echo(
        f"use one: nnUNetv2_predict -i IN -o OUT -d {first.dataset} -c 2d -p {first.plans} "
        f"-f {folds}"
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
add_command(models_app, export)
add_command(models_app, remove)
