import pytest

from bench.view import Question, View, cases_of
from readers.instrument.reader import ZoomReader

from ...loopback.server import Running
from ...loopback.tool_server import ToolServer

KEY = "sk-test-abcdefgh12345678"
MODELS = {
    "openai": "openai:gpt-5.4",
    "openai-responses": "openai-responses:gpt-5.4",
    "anthropic": "anthropic:claude-opus-4-8",
}


@pytest.fixture
def server(monkeypatch):
    """A server on loopback with a model of instruments, that both SDKs are pointed at."""
    with Running(ToolServer()) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.openai_url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", running.anthropic_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        yield running


@pytest.fixture(params=sorted(MODELS))
def maker(request):
    return request.param


@pytest.fixture
def zoom(maker, server):
    """Builds a reader of each provider in turn."""

    def build(model=None, **options):
        return ZoomReader(model or MODELS[maker], **{"attempts": "2", "timeout": "5"} | options)

    return build


@pytest.fixture(scope="session")
def records(population):
    return population.cohort(limit=6)


@pytest.fixture(scope="session")
def build_cases(records):
    """Builds cases as a reader with instruments is given them."""

    def build(count=2, **shown):
        view = View(**{"renderer": "printed", "px_per_mm": 3, "keeps_originals": True, **shown})
        cases = cases_of(view.for_inputs(ZoomReader.inputs), records)
        return [cases.case(Question(record)) for record in records[:count]]

    return build


@pytest.fixture(scope="session")
def cases(build_cases):
    return build_cases()
