"""The name by which the command line was called, for every message that names a command.

Texts, those of lower packages too, write a command as ``'bench run'``: quoted, and by the project's name. Where they
are printed, and only there, it becomes what can be typed: ``'ecg-bench run'``, or ``'python -m bench run'``.
"""

import re
import sys
from pathlib import Path

import click

from bench.cli.table import COMMANDS

_NAMES = "|".join(sorted(COMMANDS, key=len, reverse=True))
_QUOTED = re.compile(rf"(?<=')bench(?=\s+(?:{_NAMES})\b)")
_EXAMPLE = re.compile(rf"^( +)(\w+ launch (?:\S+ )*-m )?bench(?= (?:{_NAMES})\b)")

_WORD = re.compile(r"--[\w-]+ (?!-)\S+|\S+")
"""A word of an example, or an option with its value: these are not parted."""

NO_BREAK = "\N{NON-BREAKING HYPHEN}"
"""Stands for a hyphen while help is wrapped: names of commands, options and settings are not broken."""

CONTINUED = " \\"
"""Ends a line of an example that goes on in the next one, as shells take it."""


def called_as() -> str:
    """Return the name by which the command line was called: ``ecg-bench``, or ``python -m bench``."""
    program = Path(sys.argv[0])
    if program.name in {"__main__.py", "-c", "-m", ""}:
        return "python -m bench"
    return program.name.removesuffix(".exe")


def named(text: str) -> str:
    """Return a text whose quoted commands are named as the command line was called."""
    name = called_as()
    return _QUOTED.sub(lambda _: name, text)


class CalledFormatter(click.HelpFormatter):
    """Writes help whose commands are named as it was called, and whose examples fit the width."""

    def write(self, string: str) -> None:
        """Write what is wrapped."""
        super().write(string.replace(NO_BREAK, "-"))

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        super().write_text("\n".join(map(self._fitted, named(text).splitlines())).replace("-", NO_BREAK))

    def write_dl(self, rows: "list[tuple[str, str]]", col_max: int = 30, col_spacing: int = 2) -> None:  # type: ignore[override]
        """Write options or commands with what each does."""
        super().write_dl([(what, named(said).replace("-", NO_BREAK)) for what, said in rows], col_max, col_spacing)

    def _fitted(self, line: str) -> str:
        """Return a line of help; an example that is longer than the width goes on in further lines."""
        found, most = _EXAMPLE.match(line), self.width - self.current_indent
        if found is None:
            return line
        example = line if found[2] else found[1] + called_as() + line[found.end() :]
        if len(example) <= most:
            return example
        lines, indent = [""], len(example) - len(example.lstrip())
        for word in _WORD.findall(example):
            if lines[-1] and len(lines[-1]) + 1 + len(word) + len(CONTINUED) > most:
                lines[-1] += CONTINUED
                lines.append(" " * (indent + 4) + word)
            else:
                lines[-1] += f" {word}" if lines[-1] else " " * indent + word
        return "\n".join(lines)


class CalledContext(click.Context):
    """The context of every command: its help names commands as they are called."""

    formatter_class = CalledFormatter
