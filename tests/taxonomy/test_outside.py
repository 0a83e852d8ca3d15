"""JSON from outside: what is refused, and that everything else is read as json reads it."""

import json
import os
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy.error import FileError, SettingError
from taxonomy.outside import Bounds, object_in, outside_bytes, outside_json, outside_object, strict_object

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.booleans())
def test_finite_json_is_read_as_it_was_written(data, ascii_only):
    text = json.dumps(data, ensure_ascii=ascii_only)
    assert outside_json(text, "x") == data
    if not any(0xD800 <= ord(char) < 0xE000 for char in text):
        assert outside_json(text.encode(), "x", bounds=Bounds(once=True)) == data


@given(st.text(alphabet='[]{}":,\\0123456789eE.-+ntaruflsINy \n', max_size=60) | st.binary(max_size=60))
def test_any_text_gives_data_or_one_sentence(text):
    try:
        data = outside_json(text, "a file", bounds=Bounds(depth=3, once=True))
    except FileError as error:
        assert str(error).startswith("a file cannot be read: ")
        assert "\n" not in str(error)
    else:
        assert json.dumps(data, allow_nan=False)
        assert deepest(data) <= 3


def deepest(data):
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else None
    return 0 if inner is None else 1 + max(map(deepest, inner), default=0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"it is no JSON \(Expecting value at line 1, column 1\)"),
        ('{"a": 1', "it is no JSON"),
        ("NaN", "it holds NaN, which is no finite number"),
        ('{"a": [-Infinity]}', "it holds -Infinity, which is no finite number"),
        ("[1e999]", "it holds 1e999, which is no finite number"),
        ("9" * 301, "whole number of more than 300 digits, 9999"),
        ("9" * 5000, "whole number of more than 300 digits, 9999"),
        (b"\xff", "it is not UTF-8 text"),
        ("[" * 33 + "]" * 33, "more than 32 lists and objects within one another"),
        ("[" * 1_000_000, "more than 32 lists and objects"),
        ('{"a":' * 1_000_000, "more than 32 lists and objects"),
        ('"' + '\\"' * 1_000_000, "it is no JSON"),
        ('[{"' * 20 + '"\\' * 1_000_000, "it is no JSON|more than 32"),
    ],
)
def test_what_no_reader_can_use_is_one_sentence(text, said):
    with pytest.raises(SettingError, match=f"^the table cannot be read: (it holds )?(a )?({said})"):
        outside_json(text, "the table", SettingError)


def test_depth_is_that_of_brackets_outside_strings():
    assert outside_json(json.dumps(["[" * 100, '\\"{' * 100]), "x") == ["[" * 100, '\\"{' * 100]
    assert outside_json("[" * 32 + "]" * 32, "x")
    assert len(outside_json("[" + ",".join(["[]"] * 1000) + "]", "x")) == 1000


def test_a_key_counts_once_where_asked():
    assert outside_json('{"a": 1, "a": 2}', "x") == {"a": 2}
    with pytest.raises(FileError, match="x cannot be read: it holds the key 'a' twice"):
        outside_json('{"b": {"a": 1, "a": 2}}', "x", bounds=Bounds(once=True))


@pytest.mark.parametrize(
    ("text", "kind"), [("[]", "a list"), ('"x"', "a text"), ("null", "null"), ("1", "a number"), ("true", "a number")]
)
def test_what_must_be_an_object_is(text, kind):
    with pytest.raises(FileError, match=f"x cannot be read: it holds {kind}.*, not a JSON object"):
        outside_object(text, "x")
    assert outside_object("{}", "x") == {}


def test_a_text_that_is_too_large_is_not_parsed():
    with pytest.raises(FileError, match="it is larger than 4 bytes"):
        outside_json("[1, 2]", "x", bounds=Bounds(size=4))
    with pytest.raises(FileError, match="it is larger than 1 MiB"):
        outside_json(b" " * (2**20 + 1), "x", bounds=Bounds(size=2**20))


def test_a_file_is_a_regular_one_of_bounded_size(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"a": 1.5}')
    (tmp_path / "link.json").symlink_to(path)
    os.mkfifo(tmp_path / "pipe.json")
    assert object_in(path) == {"a": 1.5}
    assert object_in(tmp_path / "link.json") == {"a": 1.5}
    for name, said in (
        ("link.json", "is a link, and links are not followed"),
        ("pipe.json", "is no regular file"),
        ("absent.json", "cannot be read: No such file"),
        ("", "is a folder|is no regular file"),
    ):
        with pytest.raises(SettingError, match=said):
            object_in(tmp_path / name, SettingError, links=False)
    with pytest.raises(FileError, match="is no regular file"):
        outside_bytes(type(path)("/dev/zero"))
    with pytest.raises(FileError, match=r"a\.json cannot be read: it is larger than 9 bytes"):
        outside_bytes(path, size=9)


@dataclass(frozen=True)
class Kept:
    name: str
    shares: tuple[float, ...] = ()


def named(problem):
    return f"not a figure of this version ({problem})"


def test_what_was_written_is_read_back_with_its_own_types():
    assert strict_object(Kept, {"name": "a", "shares": [0.5, 1]}, named) == Kept("a", (0.5, 1.0))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": 3}, r"\(name: Input should be a valid string\)"),
        (
            {"name": "a", "shares": ["0.5"]},
            r"\(shares\.0: Input should be a valid number\)",
        ),
        ({"name": "a", "more": 1}, r"\(more: Unexpected keyword argument\)"),
        ({}, r"\(name: Field required\)"),
        ([], r"\(all of it: Input should be"),
    ],
)
def test_what_has_another_form_names_the_field(data, said):
    with pytest.raises(FileError, match=f"^not a figure of this version {said}"):
        strict_object(Kept, data, named)
    with pytest.raises(SettingError, match=said):
        strict_object(Kept, data, named, SettingError)
