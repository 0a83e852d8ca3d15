"""Files are there whole or not at all, whoever writes and whatever goes wrong."""

import errno
import os
import subprocess
import sys

import pytest

from bench.storage import append, opened_for_append, whole_file, write_whole
from taxonomy.error import StorageError


class Killed(BaseException):
    """Stands for a kill: nothing of ours catches it."""


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), ValueError("wrong"), Killed()])
def test_an_error_leaves_nothing_behind_and_what_was_there_stays(tmp_path, error):
    path = tmp_path / "score.json"
    path.write_text("before")
    expected = StorageError if isinstance(error, OSError) else type(error)
    with pytest.raises(expected), whole_file(path) as part:
        part.write_text("half")
        assert path.read_text() == "before"
        raise error
    assert [entry.name for entry in tmp_path.iterdir()] == ["score.json"]
    assert path.read_text() == "before"


def test_a_full_disk_and_a_folder_that_cannot_be_made_are_told_with_the_path(tmp_path):
    path = tmp_path / "deep" / "score.json"
    with pytest.raises(StorageError, match=r"deep/score.json cannot be written: No space left"), whole_file(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"score.json cannot be written"):
        write_whole(tmp_path / "file" / "score.json", "text")


WRITER = """
import sys
from pathlib import Path
from readers.whole_file import whole_file
for _ in range(60):
    with whole_file(Path(sys.argv[1])) as part:
        with part.open("w") as out:
            for _ in range(20):
                out.write(sys.argv[2] * 10_000)
"""


def test_of_several_processes_that_write_one_file_nobody_ever_sees_a_part(tmp_path):
    path, words = tmp_path / "whole.txt", [sys.executable, "-c", WRITER]
    writers = [subprocess.Popen([*words, str(path), letter]) for letter in "abc"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if path.is_file():
            text = path.read_text()
            assert len(text) == 200_000 and text == text[0] * len(text)
            seen.add(text[0])
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert seen <= set("abc")
    assert [entry.name for entry in tmp_path.iterdir()] == ["whole.txt"]


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        (b"", b""),
        (b'{"a":1}\n{"b":2}\n', b'{"a":1}\n{"b":2}\n'),
        (b'{"a":1}\n{"b":', b'{"a":1}\n'),
        (b'{"a":', b""),
        (b'{"a":1}\n{"b":2}', b'{"a":1}\n{"b":2}\n'),
        (b'{"a":1}\n{"b":"\xc3', b'{"a":1}\n'),
    ],
)
def test_a_torn_line_is_cut_off_before_anything_is_appended(tmp_path, before, kept):
    path = tmp_path / "readings.jsonl"
    path.write_bytes(before)
    with opened_for_append(path) as out:
        append(out, path, {"c": 3})
    assert path.read_bytes() == kept + b'{"c":3}\n'


def test_nothing_is_appended_through_a_link_or_to_a_pipe(tmp_path):
    """A stranger's folder may hold a link to any file of its reader's."""
    victim, link = tmp_path / "token", tmp_path / "readings.jsonl"
    victim.write_text("my only line")
    link.symlink_to(victim)
    with pytest.raises(StorageError, match=r"readings\.jsonl is a link"), opened_for_append(link) as out:
        append(out, link, {"c": 3})
    assert victim.read_text() == "my only line"
    pipe = tmp_path / "readings-1.jsonl"
    os.mkfifo(pipe)
    with pytest.raises(StorageError, match=r"readings-1\.jsonl is no regular file"), opened_for_append(pipe):
        pass
