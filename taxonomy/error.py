"""The one base of every error that a user can cause, and the sentence for an unknown name."""

from collections.abc import Iterable
from difflib import get_close_matches


class BenchError(Exception):
    """Bad input from outside: a file, a name, a model's file. The command line prints it and exits with 2.

    The message is one sentence that names the offending thing and its value, and says what to do.
    """


class UnknownNameError(BenchError):
    """Raised when a name (a reader, renderer, axis, split) is not among those that exist."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """Say that ``name`` is no ``kind``, what there is, and which of them is the nearest match.

    Parameters
    ----------
    kind : str
        The field's word for the thing, such as ``"reader"``.
    name : str
        What was asked for.
    known : iterable of str
        Every name that would have been right.
    """
    names = sorted(known)
    near = get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return UnknownNameError(f"unknown {kind} {name!r}: there is {', '.join(names)}.{hint}")
