"""The command line in the process of the tests: what a real process would print and end with, without its start."""

import io
import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from bench.__main__ import main


@dataclass(frozen=True)
class Done:
    """What a command left, named as ``subprocess.run`` names it."""

    returncode: int
    stdout: str
    stderr: str


def bench(*words: object, cwd: Path, program: str = "bench", **env: str) -> Done:
    """Run ``bench`` with these words in a folder, on a few phantoms unless they say otherwise."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.object(sys, "argv", [program, *map(str, words)]),
        patch.dict(os.environ, {"PTBXL_DIR": "phantoms:1,66", **env}),
        chdir(cwd),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as stopped:
            return Done(int(stopped.code or 0), out.getvalue(), err.getvalue())
    raise AssertionError("the command line ends by sys.exit")


def is_one_sentence(done: Done, said: str, code: int = 2) -> bool:
    """Tell whether a command ended with this exit code and one line that says ``said``."""
    lines = done.stderr.strip().splitlines()
    return done.returncode == code and len(lines) == 1 and said in lines[0]
