"""Assembles the `shoulderseg` command."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from shoulderseg.cli.build_default import build_default
from shoulderseg.cli.calibrate import calibrate
from shoulderseg.cli.convert.app import convert_app
from shoulderseg.cli.demo import demo
from shoulderseg.cli.doctor import doctor
from shoulderseg.cli.env import env
from shoulderseg.cli.evaluate import evaluate
from shoulderseg.cli.export import export
from shoulderseg.cli.inspect import inspect
from shoulderseg.cli.models import models_app
from shoulderseg.cli.phantom import phantom
from shoulderseg.cli.plan import plan
from shoulderseg.cli.predict import predict
from shoulderseg.cli.train import train
from shoulderseg.cli.train_refiner import train_refiner

app = typer.Typer(
    name="shoulderseg",
    help="Segment humerus and glenoid in shoulder MRI. For research only, not for clinical use.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command()(predict)
app.command()(inspect)
app.add_typer(models_app, name="models")
app.add_typer(convert_app, name="convert")
app.command()(phantom)
app.command()(plan)
app.command()(env)
app.command()(train)
app.command(name="train-refiner")(train_refiner)
app.command()(export)
app.command(name="build-default", hidden=True)(build_default)
app.command()(calibrate)
app.command()(evaluate)
app.command()(doctor)
app.command()(demo)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"shoulderseg {version('shoulderseg')}")
        raise typer.Exit


@app.callback()
def configure(
    verbose: Annotated[
        bool, typer.Option(help="Show what happens inside, with tracebacks.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Sets up logging before any command runs."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    logging.getLogger("shoulderseg").setLevel(logging.DEBUG if verbose else logging.INFO)


def run() -> None:
    """Entry point of the console script."""
    app()
