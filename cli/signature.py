"""Makes typer commands of functions: shared options, plain metavars, the options of the log."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import wraps
from inspect import Parameter
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup
from typer.models import ArgumentInfo, OptionInfo

from shoulderseg.cli.log import QuietOption, VerboseOption, logged

_METAVARS = {bool: "", int: "N", float: "NUMBER", str: "TEXT", Path: "PATH"}
_LOG = {"verbose": VerboseOption, "quiet": QuietOption}


class PlainUsage(TyperCommand):
    """A command whose usage line names its arguments without braces, and flags without a type."""

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401
        """Gives the option `--help`."""
        return _without_type(super().get_help_option(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401
        """Gives the words of the usage line after the command's name."""
        pieces = [self.options_metavar] if self.options_metavar else []
        for parameter in self.get_params(ctx):
            if parameter.param_type_name == "argument":
                name = str(parameter.metavar or parameter.name)
                pieces.append(name if parameter.required else f"[{name}]")
        return pieces


class PlainGroup(TyperGroup):
    """A group of commands whose flag `--help` has no type."""

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401
        """Gives the option `--help`."""
        return _without_type(super().get_help_option(ctx))


def add_command(app: typer.Typer, function: Callable[..., None], name: str | None = None) -> None:
    """Adds a function to an app as a command.

    Args:
        app: where it goes.
        function: what the command does; see `as_command`. Its docstring is the help.
        name: of the command; by default the function's.
    """
    app.command(name=name, cls=PlainUsage, help=flowing(function))(as_command(function))


def as_command(function: Callable[..., None]) -> Callable[..., None]:
    """Prepares a function for typer.

    A parameter that is a dataclass becomes one option for each of its fields, which are annotated
    as typer wants it, so that several commands share options without repeating them. Metavars that
    nobody chose are those of the parameter's type. `--verbose` and `--quiet` are added.

    Args:
        function: parameters annotated as for typer.

    Returns:
        A function with the parameters that typer is to see.
    """
    shown: list[Parameter] = []
    groups: dict[str, tuple[type[Any], list[str]]] = {}
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        kind: Any = parameter.annotation
        if inspect.isclass(kind) and is_dataclass(kind):
            options = _options_of(kind)
            groups[parameter.name] = (kind, [option.name for option in options])
            shown += options
        else:
            shown.append(parameter)
    shown += [
        Parameter(name, Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
        for name, annotation in _LOG.items()
    ]

    @wraps(function)
    def run(**values: Any) -> None:  # noqa: ANN401
        with logged(verbose=values.pop("verbose"), quiet=values.pop("quiet")):
            for name, (group, names) in groups.items():
                values[name] = group(**{option: values.pop(option) for option in names})
            function(**values)

    shown = [_with_metavar(parameter) for parameter in shown]
    # Typer would follow it to the parameters that the commands share.
    del run.__wrapped__
    run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
    return run


def flowing(function: Callable[..., object]) -> str:
    """Gives a function's docstring with one line a paragraph, for the terminal to break."""
    paragraphs = inspect.cleandoc(function.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _without_type(option: Any) -> Any:  # noqa: ANN401
    if option is not None:
        option.metavar = ""
    return option


def _options_of(group: type[Any]) -> list[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        Parameter(
            field.name,
            Parameter.KEYWORD_ONLY,
            default=Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(group)
    ]


def _with_metavar(parameter: Parameter) -> Parameter:
    """Names the value of an argument or option in its help, where its author did not."""
    annotation = parameter.annotation
    parameter = parameter.replace(kind=Parameter.KEYWORD_ONLY)
    if get_origin(annotation) is not Annotated:
        return parameter
    kind, info = get_args(annotation)[:2]
    if not isinstance(info, ArgumentInfo | OptionInfo) or info.metavar is not None:
        return parameter
    info = copy.copy(info)
    info.metavar = parameter.name.upper() if isinstance(info, ArgumentInfo) else _metavar_of(kind)
    return parameter.replace(annotation=Annotated[kind, info])


def _metavar_of(kind: Any) -> str | None:  # noqa: ANN401
    """Metavar of a type, of the entries of a list, or of a type beside None."""
    inner = [part for part in get_args(kind) if part is not NoneType]
    if inner:
        return _metavar_of(inner[0])
    if inspect.isclass(kind) and issubclass(kind, Enum):
        return "|".join(str(choice.value) for choice in kind)
    return _METAVARS.get(kind)
