"""``bench``: the commands, and the one place where errors are caught."""

import importlib
import io
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import click
from click.shell_completion import CompletionItem

from bench.cli.called import CalledContext, called_as, named
from bench.cli.completion import PROGRAM
from bench.cli.completion import VARIABLE as COMPLETING
from bench.cli.given import check_given
from bench.cli.stream import standard_streams
from bench.cli.table import COMMANDS, DATA_COMMANDS, DATASET_COMMANDS, KEEPING_NOTHING, RESUMING, TRAIN_COMMANDS
from bench.cli.version import VERSION_OPTION
from taxonomy.error import BenchError, NothingAnswered, StorageError
from taxonomy.printable import printable
from taxonomy.redaction import redacted

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Stopped(click.Abort):
    """Ctrl-C in a command, which is named as it is written: ``"data fetch"``."""


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is used: help stays fast."""

    context_class = CalledContext

    def __init__(
        self, table: Mapping[str, tuple[str, str]], help_text: str, options: Sequence[click.Parameter] = ()
    ) -> None:
        super().__init__(help=help_text, params=list(options), context_settings=CONTEXT, no_args_is_help=True)
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None for an unknown one, which click then reports."""
        if cmd_name not in self._table:
            return None
        module, _, attribute = self._table[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        command.context_class = CalledContext
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Complete commands and options; no command is imported for it."""
        found = [
            CompletionItem(name, help=said) for name, (_, said) in self._table.items() if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  # as click has it
        """Run the command; Ctrl-C in it tells which one was stopped."""
        words = {*ctx._protected_args, *ctx.args}  # click takes them away
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            path = f"{ctx.command_path} {ctx.invoked_subcommand}"
            name = path.removeprefix(f"{ctx.find_root().info_name} ")
            raise Stopped(name if words.isdisjoint(KEEPING_NOTHING) else "") from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with the one line that the table has for each."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in self._table.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which there are and which is the nearest."""
        if ctx.resilient_parsing:  # a shell completes words that are not all there yet
            return super().resolve_command(ctx, args)
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            from taxonomy.error import unknown_name

            raise click.UsageError(str(unknown_name("command", args[0], self._table)))
        name, command, words = super().resolve_command(ctx, args)
        if type(command) is click.Command:  # a subclass may read its words in a way of its own, and checks them itself
            check_given(command, click.Context(command, ctx, info_name=name), words)
        return name, command, words


data = LazyGroup(DATA_COMMANDS, "Get, check and describe recordings.")
dataset = LazyGroup(DATASET_COMMANDS, "The rendered benchmark for other training frameworks.")
train = LazyGroup(TRAIN_COMMANDS, "Make a built-in reader from training folds.")

bench = LazyGroup(
    COMMANDS,
    "Does a model read the ECG, or only guess it?\n\n"
    "Runs a reader over PTB-XL or phantoms and scores eight axes against the majority baseline. Begin with "
    "'bench run --reader resnet1d', which needs no download.",
    [VERSION_OPTION],
)


def main() -> None:
    """Run the command line: 0 when done, 1 if nothing was answered, 2 after bad input, 130 after Ctrl-C."""
    if COMPLETING in os.environ:
        bench.main(prog_name=PROGRAM, complete_var=COMPLETING)
    with standard_streams():
        code = _code()
    sys.exit(code)


def _code() -> int:
    try:
        code = _finished()
        sys.stdout.flush()
    except BenchError as error:
        return _refused(str(error), 1 if isinstance(error, NothingAnswered) else 2)
    except OSError as error:
        where = f"{error.filename} cannot be read or written" if error.filename else "the system refuses"
        return _refused(f"{where}: {error.strerror or error}")
    return code


def _refused(sentence: str, code: int = 2) -> int:
    with suppress(StorageError):  # standard error is full too: the exit code tells
        click.echo(f"Error: {printable(redacted(named(sentence)))}", err=True)
    return code


def _finished() -> int:
    try:
        return int(bench.main(prog_name=called_as(), standalone_mode=False) or 0)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        click.echo(printable(named(shown.getvalue())), nl=False, err=True)
        return 2
    except (click.Abort, KeyboardInterrupt) as stopped:
        resumes = isinstance(stopped, Stopped) and stopped.args[0] in RESUMING
        click.echo("\nStopped." + " What was finished is kept; the same command resumes." * resumes, err=True)
        return 130
