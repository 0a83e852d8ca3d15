"""What was written on the command line, looked at before anything is opened: no option empty, twice, or no number."""

import math
from collections.abc import Sequence
from typing import Any

import click

from taxonomy.error import SettingError


class MayBeEmpty(click.Option):
    """An option for which an empty value has a meaning of its own, such as 'none'."""


def check_given(command: click.Command, context: click.Context, words: Sequence[str]) -> None:
    """Refuse what a command would misread: an option that is given twice, without a value, or that is no such number.

    An empty value is mostly an empty variable of a script, ``--ids "$IDS"``, and reads as if nothing had been asked.

    Raises
    ------
    taxonomy.error.SettingError
        In one sentence, which names the option, its value and what it takes.
    click.UsageError
        When there is no such option.
    """
    values, _, order = command.make_parser(context).parse_args(list(words))
    if not set(context.help_option_names).isdisjoint(words):
        return
    names = {parameter.name for parameter in order}
    if {"ids", "split"} <= names:
        raise SettingError("--ids and --split both choose the records: name one of them")
    for parameter in order:
        if parameter.multiple if isinstance(parameter, click.Option) else parameter.nargs != 1:
            given = values.get(parameter.name)
            written = given if isinstance(given, (list, tuple)) else ()  # click has a mark for none
        else:
            if order.count(parameter) > 1 and not _is_flag(parameter):
                raise SettingError(f"{_shown(parameter, words)} is given twice: name it once")
            written = (values.get(parameter.name),)
        for value in written:
            if isinstance(value, str):
                _check(parameter, value, _shown(parameter, words))


def _is_flag(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Option) and parameter.is_flag


def _check(parameter: click.Parameter, value: str, shown: str) -> None:
    if not value.strip() and not isinstance(parameter, MayBeEmpty):
        raise SettingError(f"{shown} is empty: give it a value, or leave it out")
    allowed = _numbers(parameter.type)
    if allowed and not _is_allowed(parameter.type, value):
        raise SettingError(f"{shown} takes {allowed}, not {value}")


def _shown(parameter: click.Parameter, words: Sequence[str]) -> str:
    """Return an option as it was written, of its several spellings; an argument by its name."""
    if not isinstance(parameter, click.Option):
        return parameter.human_readable_name.split()[0]
    written = {word.partition("=")[0] for word in words}
    return next((name for name in parameter.opts if name in written), parameter.opts[0])


def _numbers(kind: "click.ParamType[Any]") -> str:
    """Return what an option of numbers takes, in words; empty for an option of another kind."""
    if not isinstance(kind, (type(click.INT), type(click.FLOAT))):
        return ""
    what = "a whole number" if isinstance(kind, type(click.INT)) else "a number"
    low, high = getattr(kind, "min", None), getattr(kind, "max", None)
    if low is None:
        return what
    return f"{what} from {low:,}" + (" up" if high is None else f" to {high:,}")


def _is_allowed(kind: "click.ParamType[Any]", value: str) -> bool:
    try:
        number: Any = kind.convert(value, None, None)
    except click.BadParameter:
        return False
    return math.isfinite(number)
