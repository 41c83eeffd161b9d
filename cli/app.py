"""Assembles the `shoulderseg` command."""

from __future__ import annotations

from typing import Annotated

import typer

from shoulderseg.cli.build_default import build_default
from shoulderseg.cli.calibrate import calibrate
from shoulderseg.cli.compare_experiments import compare_experiments
from shoulderseg.cli.convert.app import convert_app
from shoulderseg.cli.demo import demo
from shoulderseg.cli.doctor import doctor
from shoulderseg.cli.encoding import never_fail_to_print, use_utf8_names
from shoulderseg.cli.env import env
from shoulderseg.cli.evaluate import evaluate
from shoulderseg.cli.experiment import experiment
from shoulderseg.cli.export import export
from shoulderseg.cli.inspect import inspect
from shoulderseg.cli.learn_context import learn_context
from shoulderseg.cli.log import QuietOption, VerboseOption, set_up_log
from shoulderseg.cli.measure import measure
from shoulderseg.cli.models import models_app
from shoulderseg.cli.phantom import phantom
from shoulderseg.cli.plan import plan
from shoulderseg.cli.predict import predict
from shoulderseg.cli.report import report
from shoulderseg.cli.signals import end_in_order
from shoulderseg.cli.signature import PlainGroup, add_command
from shoulderseg.cli.status import status
from shoulderseg.cli.terminal import echo
from shoulderseg.cli.train import train
from shoulderseg.cli.train_refiner import train_refiner

app = typer.Typer(
    name="shoulderseg",
    cls=PlainGroup,
    help="Segment humerus and glenoid in shoulder MRI. For research only, not for clinical use.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
add_command(app, predict)
add_command(app, inspect)
app.add_typer(models_app, name="models")
app.add_typer(convert_app, name="convert")
add_command(app, phantom)
add_command(app, plan)
add_command(app, env)
add_command(app, train)
add_command(app, train_refiner, "train-refiner")
add_command(app, export)
add_command(app, learn_context, "learn-context")
add_command(app, calibrate)
add_command(app, evaluate)
add_command(app, experiment)
add_command(app, compare_experiments, "compare-experiments")
add_command(app, measure)
add_command(app, report)
add_command(app, status)
add_command(app, build_default, "build-default")
add_command(app, doctor)
add_command(app, demo)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        echo(f"shoulderseg {version('shoulderseg')}")
        raise typer.Exit


@app.callback()
def configure(
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, metavar="", help="Print it."
        ),
    ] = False,
) -> None:
    """Sets up the log before any command runs, and removes what killed ones have left."""
    from shoulderseg.datasets.temporary_folder import sweep_temporary_folders

    set_up_log(verbose=verbose, quiet=quiet)
    sweep_temporary_folders()


def run() -> None:
    """Entry point of the console script."""
    use_utf8_names()
    never_fail_to_print()
    end_in_order()
    app()
