"""Files that have no end, and pipes that nobody writes to, are refused in one sentence before anything is read."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.dataset.feature_file import read_features
from bench.dataset.statement_file import read_statements
from bench.run.prediction_file import read_predictions
from taxonomy.error import FileError

from ..command import Done, is_one_sentence

ROOT = Path(__file__).parents[2]

COMMANDS = {
    "predictions": ("score", "--predictions", "{}"),
    "weights": ("run", "--reader", "resnet1d", "--option", "weights={}", "--limit", "2"),
    "measurements": ("run", "--reader", "measurements", "--measurements", "{}", "--limit", "2"),
    "statements": ("run", "--reader", "12sl", "--statements", "{}", "--limit", "2"),
}


def refused(words, cwd):
    """Run a command in a process of its own, which can be ended when it waits."""
    env = {**os.environ, "PTBXL_DIR": "phantoms:1,66", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words], cwd=cwd, env=env,
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["pipe", "device", "folder"])
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_regular_file_is_refused(command, what, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    path = {"pipe": tmp_path / "pipe", "device": "/dev/zero", "folder": tmp_path}[what]
    done = refused([word.format(path) for word in COMMANDS[command]], tmp_path)
    said = f"{path} is a folder, not a file" if what == "folder" else f"{path} is no regular file"
    assert is_one_sentence(done, said), done.stderr
    assert "Errno" not in done.stderr


@pytest.mark.parametrize(
    ("module", "read"),
    [("run.prediction_file", read_predictions), ("dataset.feature_file", read_features),
     ("dataset.statement_file", read_statements)],
)  # fmt: skip
def test_a_file_and_what_is_packed_in_one_are_bounded(module, read, tmp_path, monkeypatch):
    monkeypatch.setattr(f"bench.{module}.LARGEST", 1000)
    text = b"a" * 1001
    (tmp_path / "a.csv").write_bytes(text)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text))
    with pytest.raises(FileError, match=r"a\.csv cannot be read: it is larger than 1,000 bytes$"):
        read(tmp_path / "a.csv")
    with pytest.raises(FileError, match=r"a\.csv\.gz cannot be read: it is larger than 1,000 bytes when unpacked"):
        read(tmp_path / "a.csv.gz")
