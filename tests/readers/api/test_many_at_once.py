"""As many requests at once as a server of one's own takes, such as vLLM's."""

import dataclasses
import sys
import threading
from pathlib import Path

import pytest

from readers.api.openai import OpenAIReader
from readers.api.reader import PREPARED_PER_REQUEST, UNREAD_PER_REQUEST
from readers.contract import Prompt
from readers.session import Session

AT_ONCE = 512


@pytest.mark.slow
def test_512_requests_are_in_flight_at_once(server, cases, tmp_path):
    server.keep_bodies = False
    server.latency = 5.0
    taken, threads, open_files = 0, 0, 0

    def many():
        nonlocal taken
        for number in range(2 * AT_ONCE):
            taken += 1
            said = Prompt(f"number {number}. Vent. rate {40 + number % 80} BPM")
            yield dataclasses.replace(cases[0], images=cases[0].images[:1], prompt=said)

    reader = OpenAIReader("Qwen/Qwen3-VL", base_url=server.openai_url, timeout="60", probabilities="off")
    readings = reader.within(Session(tmp_path, concurrency=AT_ONCE)).read(many())
    for number, reading in enumerate(readings):
        assert reading.values["rate"] == _rate(40 + number % 80)
        assert taken - number <= PREPARED_PER_REQUEST * AT_ONCE + UNREAD_PER_REQUEST * AT_ONCE
        threads = max(threads, threading.active_count())
        if sys.platform == "linux":
            open_files = max(open_files, len(list(Path("/proc/self/fd").iterdir())))
    assert number == 2 * AT_ONCE - 1
    assert server.most_in_flight == AT_ONCE
    assert threads < 100
    assert open_files < 4 * AT_ONCE  # the server's sockets are of this process, too
    assert Path("/proc").exists() == (open_files > AT_ONCE)


def _rate(beats):
    return "bradycardia" if beats < 60 else "tachycardia" if beats > 100 else "normal"
