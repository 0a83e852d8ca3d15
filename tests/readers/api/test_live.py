"""One case on each real API, only where a key is in the environment; a fraction of a cent."""

import os

import pytest

from readers.api.anthropic import AnthropicReader
from readers.api.google import GoogleReader
from readers.api.openai import OpenAIReader

LIVE = {
    "OPENAI_API_KEY": (OpenAIReader, "gpt-5.4-nano"),
    "ANTHROPIC_API_KEY": (AnthropicReader, "claude-haiku-4-5"),
    "GEMINI_API_KEY": (GoogleReader, "gemini-3.5-flash-lite"),
}


@pytest.mark.network
@pytest.mark.parametrize("key", LIVE)
def test_a_real_api_reads_a_case(key, build_cases):
    if not os.environ.get(key):
        pytest.skip(f"{key} is not set")
    factory, model = LIVE[key]
    (reading,) = factory(os.environ.get("LIVE_MODEL", model)).read(build_cases(px_per_mm=6, count=1))
    assert reading.outcome == "answered", reading.error
    assert len(reading.values) == 8
    assert reading.usage.cost is None or 0 < reading.usage.cost < 0.1
