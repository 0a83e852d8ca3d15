"""Find readers by name: in the entry point group ``ecg_bench.readers``, or as ``package.module:Class``.

Built-in readers are registered in the same group. Importing a reader runs its author's code, so a class that is not
registered is imported only when the user names it.
"""

import importlib
import importlib.util
import inspect
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from importlib.metadata import EntryPoint
from typing import TypeVar, cast

from readers.contract import INPUTS, Reader
from readers.isolation import Crash, attempt
from taxonomy import plugin
from taxonomy.error import BenchError, ReaderError, unknown_name

T = TypeVar("T")

READER_GROUP = "ecg_bench.readers"


def installed_readers() -> Mapping[str, EntryPoint]:
    """Return every installed reader by name.

    Raises ReaderError when two packages claim one name; the message names both.
    """
    return plugin.installed(READER_GROUP, "reader", ReaderError)


def is_installed(name: str) -> bool:
    """Tell whether a name, with or without an argument, is that of an installed reader."""
    return name.partition(":")[0] in installed_readers()


def reader(name: str, options: Mapping[str, str] | None = None) -> Reader:
    """Return the reader of that name, ``name:argument``, or of the class ``package.module:Class``.

    Parameters
    ----------
    name : str
        As after ``--reader``; the argument goes to the constructor.
    options : mapping of str to str, optional
        Go to the constructor by name.

    Raises
    ------
    ReaderError
        When it cannot be imported or built, or lacks a part of the contract.
    taxonomy.error.UnknownNameError
        When no reader has that name; the message lists them and the nearest match.
    """
    entries = installed_readers()
    base, _, argument = name.partition(":")
    if base in entries:
        factory = _run(lambda: plugin.loaded(entries[base], "reader", ReaderError), f"reader {base!r}", "imported")
        return _built(name, factory, [argument] if argument else [], options or {})
    if argument and _is_module(base):
        return _built(name, _imported(base, argument), [], options or {})
    if argument.isidentifier() and not get_close_matches(base, entries):
        raise ReaderError(f"there is no reader and no module {base!r}: is its folder on PYTHONPATH?")
    raise unknown_name("reader", name, [*entries, "package.module:Class"])


def _is_module(name: str) -> bool:
    """Tell whether a name has a dot or is an importable module."""
    return "." in name or importlib.util.find_spec(name) is not None


def _imported(module: str, attribute: str) -> object:
    loaded = _run(lambda: importlib.import_module(module), f"module {module!r}", "imported")
    if not hasattr(loaded, attribute):
        raise ReaderError(f"module {module!r} has no {attribute!r}")
    return getattr(loaded, attribute)


def _run(call: Callable[[], T], what: str, done: str) -> T:
    """Return what a reader's own code gives; raises ReaderError with its error."""
    try:
        outcome = attempt(call, (BenchError, SystemExit))
    except SystemExit as error:
        raise ReaderError(f"{what} cannot be {done}: it ends the program (sys.exit)") from error
    if isinstance(outcome, Crash):
        raise ReaderError(f"{what} cannot be {done}: {' '.join(outcome.words.split())[:300]}")
    return outcome.value


def _built(name: str, factory: object, arguments: Sequence[str], options: Mapping[str, str]) -> Reader:
    # Before anything is called: a function of any module, such as os:system, would do its work here.
    if not isinstance(factory, type):
        raise ReaderError(f"{name!r} is a {type(factory).__name__}, not a reader class")
    if not hasattr(factory, "read"):
        raise ReaderError(f"{name!r} has no 'read': a reader class has name, inputs and read(cases)")
    signature = inspect.signature(factory)
    try:
        signature.bind(*arguments, **options)
    except TypeError as error:
        raise _unfit(name, signature, arguments, options, error) from error
    return checked_reader(_run(lambda: factory(*arguments, **options), f"reader {name!r}", "built"), name)


def _unfit(
    name: str, signature: inspect.Signature, arguments: Sequence[str], options: Mapping[str, str], error: TypeError
) -> ReaderError:
    """Return the sentence for an argument or an option that a reader's constructor does not take, or misses."""
    by_name = [
        one for one in signature.parameters.values() if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
    ]
    takes_any = any(one.kind is one.VAR_KEYWORD for one in signature.parameters.values())
    unknown = [] if takes_any else [option for option in options if option not in signature.parameters]
    if unknown:
        choice = f"choose from {', '.join(one.name for one in by_name)}" if by_name else "it takes none"
        return ReaderError(f"reader {name!r} has no option {unknown[0]!r}: {choice}")
    missing = [one.name for one in by_name[len(arguments) :] if one.default is one.empty and one.name not in options]
    if missing:
        return ReaderError(f"reader {name!r} needs {missing[0]!r}: --option {missing[0]}=VALUE")
    if arguments and not any(one.default is not one.empty or one.name not in options for one in by_name):
        return ReaderError(f"reader {name.partition(':')[0]!r} takes nothing after its name, not {arguments[0]!r}")
    return ReaderError(f"reader {name!r} cannot be built: {error}")


def checked_reader(built: object, name: str) -> Reader:
    """Return an object that is a reader; raises ReaderError when it lacks a part of the contract."""
    if isinstance(built, type):
        raise ReaderError(f"{name!r} is a class: pass an instance of it")
    missing = [part for part in ("name", "inputs", "read") if not hasattr(built, part)]
    if missing:
        raise ReaderError(f"reader {name!r} has no {missing[0]!r}: a reader has name, inputs and read(cases)")
    checked = cast("Reader", built)
    if isinstance(checked.inputs, str):
        raise ReaderError(f"reader {name!r} has inputs {checked.inputs!r}, which must be a set, such as {{'signal'}}")
    unknown = frozenset(checked.inputs) - frozenset(INPUTS)
    if unknown:
        raise ReaderError(f"reader {name!r} needs an input {sorted(unknown)[0]!r}: choose from {', '.join(INPUTS)}")
    return checked
