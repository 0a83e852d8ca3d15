"""The tree of errors is what its docstring says, and no branch of it is dead."""

import ast
import inspect
from pathlib import Path

import pytest

from taxonomy import error
from taxonomy.error import BenchError, UnknownNameError, unknown_name

ROOT = Path(__file__).parents[2]
PACKAGES = ("taxonomy", "renderers", "measurements", "readers", "bench")
CLASSES = {
    name: found for name, found in vars(error).items() if inspect.isclass(found) and found.__module__ == error.__name__
}


def told():
    """Return the classes of the docstring in their order, each with the class that it stands under."""
    tree, above = [], {}
    for line in error.__doc__.partition("::\n")[2].splitlines():
        if line.strip():
            indent = len(line) - len(line.lstrip())
            above[indent] = line.split()[0]
            tree.append((above[indent], above.get(indent - 2, "Exception")))
    return tree


def test_the_tree_in_the_docstring_is_the_tree():
    assert told() == [(name, found.__base__.__name__) for name, found in CLASSES.items()]


@pytest.fixture(scope="module")
def used():
    """Return every name that is raised, or handed on to be raised, anywhere in the packages."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    return {part.id for call in calls for part in (call.func, *call.args) if isinstance(part, ast.Name)}


@pytest.mark.parametrize("name", [name for name in CLASSES if name != "BenchError"])
def test_every_error_is_raised_somewhere(name, used):
    assert name in used


def test_an_unknown_name_is_told_with_all_there_are_and_the_nearest():
    found = unknown_name("split", "tset", ["val", "test"])
    assert isinstance(found, UnknownNameError) and isinstance(found, BenchError)
    assert str(found) == "unknown split 'tset': choose from test, val. Did you mean 'test'?"
    assert "mean" not in str(unknown_name("split", "xyz", ["val", "test"]))


def test_swapped_letters_are_recognized_before_a_merely_similar_name() -> None:
    assert str(unknown_name("command", "lsit", ["list", "site", "view"])).endswith("Did you mean 'list'?")
