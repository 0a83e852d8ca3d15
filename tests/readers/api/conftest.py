import pytest

from bench.view import Question, View, cases_of
from readers.api.anthropic import AnthropicReader
from readers.api.openai import OpenAIReader

from ...loopback.server import Running, Server

KEY = "sk-test-abcdefgh12345678"
READERS = {"openai": (OpenAIReader, "gpt-5.4"), "anthropic": (AnthropicReader, "claude-opus-4-8")}


@pytest.fixture
def server(monkeypatch):
    """A server on loopback that both SDKs are pointed at."""
    with Running(Server()) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.openai_url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", running.anthropic_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        yield running


@pytest.fixture(params=sorted(READERS))
def provider(request):
    return request.param


@pytest.fixture
def make(provider):
    """Builds a reader of each provider in turn."""
    factory, model = READERS[provider]

    def build(name=model, **options):
        return factory(name, **{"attempts": "3", "timeout": "5"} | {k: str(v) for k, v in options.items()})

    return build


@pytest.fixture(scope="session")
def records(population):
    return population.cohort(limit=8)


@pytest.fixture(scope="session")
def build_cases(records):
    """Builds the cases of real records under a condition, drawn small."""

    def build(renderer="printed", count=8, **shown):
        view = View(**{"renderer": renderer, "px_per_mm": 3, **shown})
        cases = cases_of(view.for_inputs(OpenAIReader.inputs), records)
        return [cases.case(Question(record)) for record in records[:count]]

    return build


@pytest.fixture(scope="session")
def cases(build_cases):
    return build_cases()
