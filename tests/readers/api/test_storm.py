"""A thousand requests through a storm of faults."""

import dataclasses

import pytest

from readers.api.openai import OpenAIReader
from readers.contract import Prompt
from readers.session import Session

from ...loopback.server import storm

CASES, FAULTY, ATTEMPTS = 1000, 0.2, 6


@pytest.mark.slow
def test_every_case_ends_in_exactly_one_reading_and_none_is_asked_more_than_its_budget(server, cases, tmp_path):
    image = cases[0].images[0]
    many = [
        dataclasses.replace(
            cases[0], images=(image,), prompt=Prompt(f"number {number}. Vent. rate {40 + number % 80} BPM")
        )
        for number in range(CASES)
    ]
    server.keep_bodies = False
    server.plan = fault = storm(FAULTY)
    reader = OpenAIReader("gpt-5.4", attempts=str(ATTEMPTS), timeout="1").within(Session(tmp_path, concurrency=64))
    readings = list(reader.read(iter(many)))
    expected = [
        "bradycardia" if 40 + n % 80 < 60 else "tachycardia" if 40 + n % 80 > 100 else "normal" for n in range(CASES)
    ]
    answered = [reading.outcome == "answered" for reading in readings]
    assert len(readings) == CASES
    assert all(
        reading.values["rate"] == rate for reading, rate, ok in zip(readings, expected, answered, strict=True) if ok
    )
    assert len(server.counts) == CASES
    assert max(server.counts.values()) <= ATTEMPTS
    assert answered.count(False) == sum(
        all(fault(digest, times) for times in range(ATTEMPTS)) for digest in server.counts
    )
