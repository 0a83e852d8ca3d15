"""What every further place of a model has in common: Responses, Azure, Bedrock, Vertex and Gemini, over their wires."""

import asyncio
import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from readers.api.azure import AzureReader
from readers.api.bedrock import BedrockReader
from readers.api.google import GoogleReader
from readers.api.openai_responses import ResponsesReader
from readers.api.provider import BatchProvider
from readers.api.vertex import VertexReader
from readers.contract_suite import check_reader
from readers.session import Session
from taxonomy import plugin
from taxonomy.error import SettingError, StopReading
from taxonomy.schema import answer_schema
from taxonomy.threshold import rate_of

from ...command import bench, is_one_sentence
from ...loopback.cloud import CloudServer
from ...loopback.server import Running

KEY = "place-key-abcdefgh-12345678"
PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"


def chat_parts(body):
    turns = [turn for turn in body["messages"] if turn["role"] != "system"]
    return [part for turn in turns if isinstance(turn["content"], list) for part in turn["content"]]


@dataclass(frozen=True)
class Place:
    """A provider, and where the parts of its requests stand."""

    reader: type
    model: str
    path: str
    images: Callable
    schema: Callable
    most: Callable
    variables: tuple[str, ...]
    no_key: str


PLACES = {
    "openai-responses": Place(
        ResponsesReader,
        "gpt-5.5-pro",
        "/v1/responses",
        lambda body: [part for turn in body["input"] for part in turn["content"] if part["type"] == "input_image"],
        lambda body: body["text"]["format"]["schema"],
        lambda body: body["max_output_tokens"],
        ("OPENAI_API_KEY",),
        "no key: set OPENAI_API_KEY",
    ),
    "azure": Place(
        AzureReader,
        "gpt-5.4",
        "/openai/deployments/gpt-5.4/chat/completions?api-version=2024-10-21",
        lambda body: [part for part in chat_parts(body) if part["type"] == "image_url"],
        lambda body: body["response_format"]["json_schema"]["schema"],
        lambda body: body["max_completion_tokens"],
        ("AZURE_OPENAI_API_KEY",),
        "no key: set AZURE_OPENAI_API_KEY, or AZURE_OPENAI_AD_TOKEN",
    ),
    "bedrock": Place(
        BedrockReader,
        "us.anthropic.claude-opus-4-8-v1:0",
        "/model/us.anthropic.claude-opus-4-8-v1:0/invoke",
        lambda body: [part for part in chat_parts(body) if part["type"] == "image"],
        lambda body: body["output_config"]["format"]["schema"],
        lambda body: body["max_tokens"],
        ("AWS_BEARER_TOKEN_BEDROCK",),
        "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
    "vertex": Place(
        VertexReader,
        "claude-opus-4-8@20260801",
        "/v1/projects/ward-7/locations/global/publishers/anthropic/models/claude-opus-4-8@20260801:rawPredict",
        lambda body: [part for part in chat_parts(body) if part["type"] == "image"],
        lambda body: body["output_config"]["format"]["schema"],
        lambda body: body["max_tokens"],
        ("VERTEX_TOKEN",),
        "no key: VERTEX_TOKEN, which --option key_variable names, is not set",
    ),
    "google": Place(
        GoogleReader,
        "gemini-3.5-flash",
        "/v1/models/gemini-3.5-flash:generateContent",
        lambda body: [part for turn in body["contents"] for part in turn["parts"] if "inlineData" in part],
        lambda body: body["generationConfig"]["responseJsonSchema"],
        lambda body: body["generationConfig"]["maxOutputTokens"],
        ("GEMINI_API_KEY",),
        "no key: set GEMINI_API_KEY",
    ),
}


@pytest.fixture
def server():
    with Running(CloudServer()) as running:
        yield running


@pytest.fixture
def environment(server, monkeypatch, tmp_path):
    """The variables of every place, with the server's addresses, and no credentials of this machine."""
    variables = {
        "OPENAI_BASE_URL": server.openai_url,
        "AZURE_OPENAI_ENDPOINT": server.url,
        "OPENAI_API_VERSION": "2024-10-21",
        "ANTHROPIC_BEDROCK_BASE_URL": server.url,
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "ANTHROPIC_VERTEX_BASE_URL": f"{server.url}/v1",
        "ANTHROPIC_VERTEX_PROJECT_ID": "ward-7",
        "CLOUD_ML_REGION": "global",
        "GOOGLE_GEMINI_BASE_URL": server.url,
    }
    unset = ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION")
    for name in (*unset, "AZURE_OPENAI_AD_TOKEN", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in [name for place in PLACES.values() for name in place.variables]:
        variables[name] = KEY
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.fixture(params=sorted(PLACES))
def name(request):
    return request.param


@pytest.fixture
def place(name):
    return PLACES[name]


@pytest.fixture
def make(name, place, environment):
    """Builds a reader of each place in turn."""
    own = {"key_variable": "VERTEX_TOKEN"} if name == "vertex" else {}

    def build(model=place.model, **options):
        return place.reader(model, **{"attempts": "3", "timeout": "5"} | own | {k: str(v) for k, v in options.items()})

    return build


@dataclass(frozen=True)
class Here:
    """One place with its server, and the test's own environment."""

    server: CloudServer
    place: Place
    name: str
    patch: pytest.MonkeyPatch

    @property
    def words(self):
        """What names the reader on the command line."""
        own = ("--option", "key_variable=VERTEX_TOKEN") if self.name == "vertex" else ()
        return ("--reader", f"{self.name}:{self.place.model}", *own)

    def lose_keys(self, value=None):
        """Set every key to a value, or to none, at the makers' own addresses where they need none elsewhere."""
        self.patch.delenv("OPENAI_BASE_URL", raising=False)
        self.patch.delenv("GOOGLE_GEMINI_BASE_URL", raising=False)
        for variable in self.place.variables:
            if value is None:
                self.patch.delenv(variable)
            else:
                self.patch.setenv(variable, value)


@pytest.fixture
def here(server, place, name, environment, monkeypatch):
    return Here(server, place, name, monkeypatch)


@pytest.fixture
def registered(monkeypatch):
    """The entry points of this tree, whatever is installed."""
    groups = tomllib.loads(PYPROJECT.read_text())["project"]["entry-points"]
    monkeypatch.setattr(
        plugin, "entry_points", lambda group: [EntryPoint(*row, group) for row in groups.get(group, {}).items()]
    )


@pytest.mark.slow
def test_good_answers_come_in_order_with_their_images_and_their_bill(server, make, place, cases):
    reader = make(max_tokens=999)
    readings = list(reader.within(Session(concurrency=4)).read(cases))
    assert [one.values["rate"] for one in readings] == [
        rate_of(case.prompt.measurements.heart_rate.printed) for case in cases
    ]
    assert {path.replace("%40", "@").replace("%3A", ":") for path in server.paths} == {place.path}
    assert {len(place.images(body)) for body in server.bodies} == {1}
    assert {place.most(body) for body in server.bodies} == {999}
    usage, price = readings[0].usage, reader.price
    assert (usage.output_tokens, usage.cached_tokens) == (120, 1024)
    cached = price.input if price.cached is None else price.cached
    plain = usage.input_tokens - 1024
    assert usage.cost == pytest.approx((plain * price.input + 1024 * cached + 120 * price.output) / 1e6)
    assert reader.details["endpoint"].startswith("http://127.0.0.1")


def test_the_schema_is_sent_where_it_is_asked_for(server, make, place, cases):
    list(make(structured="schema").read(cases[:1]))
    list(make(structured="text").read(cases[:1]))
    assert place.schema(server.bodies[0]) == answer_schema()
    with pytest.raises(KeyError):
        place.schema(server.bodies[1])


@pytest.mark.parametrize(
    "bad",
    [
        ("length", "truncated"),
        ("empty", "empty"),
        ("prose", "unparseable"),
        ("content_filter", "content_filter"),
        ("refusal", "refusal"),
        ("filtered", "content_filter"),
    ],
)
def test_a_bad_answer_is_scored_under_its_name(here, make, cases, bad):
    (fault, kind), name = bad, here.name
    expected = {
        ("bedrock", "content_filter"): "empty",
        ("vertex", "content_filter"): "empty",
        ("google", "refusal"): "unknown",
    }
    if expected.get((name, fault)) == "unknown" or (fault == "filtered" and name in {"bedrock", "vertex"}):
        pytest.skip("the place has no such answer")
    here.server.plan = lambda digest, times: fault
    (reading,) = make(attempts=1).read(cases[:1])
    assert reading.error.kind == expected.get((name, fault), kind)


@pytest.mark.parametrize("fault", ["429", "500"])
def test_a_fault_that_passes_costs_a_retry_and_no_answer(server, make, cases, fault):
    server.plan = lambda digest, times: fault if times == 0 else ""
    (reading,) = make(attempts=2).read(cases[:1])
    assert reading.outcome == "answered"
    assert set(server.counts.values()) == {2}


@pytest.mark.parametrize(("fault", "kind"), [("429", "quota"), ("503", "transport")])
def test_a_fault_that_stays_fails_its_call_alone(server, make, cases, fault, kind):
    struck = []

    def plan(digest, times):
        struck.append(digest)
        return fault if digest == struck[0] else ""

    server.plan = plan
    readings = list(make(attempts=1).within(Session(concurrency=1)).read(cases[:3]))
    assert sorted(one.outcome for one in readings) == ["answered", "answered", "failed"]
    assert {one.error.kind for one in readings if one.error} == {kind}


def test_an_overloaded_place_is_given_the_rest_it_asks_for(server, make, cases):
    server.plan = lambda digest, times: "429" if times == 0 else ""
    reader, told = make(attempts=3), []
    provider = reader.provider
    provider.connect(told.append)

    async def once():
        try:
            return await provider.ask(provider.body(reader.request(cases[0])))
        finally:
            await provider.close()

    assert asyncio.run(once()).stop == "end"
    assert told == [0.05]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("401", "is refused by http://127.0.0.1"),
        ("argument", "400: Unrecognized request argument supplied: nosuch)"),
        ("404", "there is no model"),
    ],
)
def test_what_fails_every_call_ends_the_run_in_the_servers_own_words(server, make, cases, fault, said):
    server.plan = lambda digest, times: fault
    extra = '{"nosuch": 1}' if fault == "argument" else "{}"
    with pytest.raises(StopReading) as stopped:
        list(make(attempts=1, extra=extra).read(cases[:2]))
    assert said in str(stopped.value)
    assert "\n" not in str(stopped.value) and KEY not in str(stopped.value)
    if fault == "argument":
        assert server.bodies[0]["nosuch"] == 1


@pytest.mark.parametrize("fault", ["html", "garbage", "nojson"])
def test_a_server_that_answers_200_with_something_else_is_told(server, make, cases, fault):
    server.plan = lambda digest, times: fault
    with pytest.raises(StopReading, match="no answer of this API"):
        list(make(attempts=1).read(cases))


def test_deep_json_is_a_failed_call(server, make, cases):
    server.script = lambda whole: whole if sum(server.counts.values()) == 1 else "[" * 100_000 + "]" * 100_000
    readings = list(make(attempts=1).within(Session(concurrency=1)).read(cases[:2]))
    assert [reading.outcome for reading in readings] == ["answered", "failed"]


def test_a_connection_that_fails_is_told_in_words(make, cases, monkeypatch, environment):
    for variable in ("OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT", "GOOGLE_GEMINI_BASE_URL"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9/v1")
    for variable in ("ANTHROPIC_BEDROCK_BASE_URL", "ANTHROPIC_VERTEX_BASE_URL"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9/v1")
    with pytest.raises(StopReading, match=r"http://127\.0\.0\.1:9/v1 cannot be reached: nothing listens there"):
        list(make(attempts=1).read(cases[:5]))


def test_a_key_stands_in_no_file_and_no_text(server, make, cases, tmp_path):
    said = []
    session = Session(tmp_path / "kept", run_id="a", say=said.append, concurrency=1)
    server.plan = lambda digest, times: "echo" if len(server.counts) == 2 else ""
    reader = make(attempts=1).within(session)
    readings = list(reader.read(cases[:3]))
    failed = next(one for one in readings if one.error)
    assert "[secret]" in failed.error.message
    told = json.dumps([one.to_json() for one in readings]) + json.dumps(dict(reader.details)) + " ".join(said)
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in (KEY, KEY[-8:]):
        assert secret not in told
        assert secret.encode() not in kept


@pytest.mark.parametrize("value", [None, "", "  "])
def test_no_key_is_one_sentence_before_anything_is_sent(here, make, cases, value):
    here.lose_keys(value)
    reader = make()
    with pytest.raises(StopReading) as stopped:
        reader.check()
    assert here.place.no_key in str(stopped.value)
    assert reader.estimate(cases[0]).cost > 0 and reader.provider.body(reader.request(cases[0]))
    with pytest.raises(StopReading):
        list(reader.read(cases[:1]))
    assert not here.server.paths


def test_examples_are_turns_before_the_question(make, place, build_cases):
    (case,) = build_cases(count=1, shots=2)
    reader = make()
    body = reader.provider.body(reader.request(case))
    turns = body.get("contents") or body.get("input") or [one for one in body["messages"] if one["role"] != "system"]
    assistant = "model" if "contents" in body else "assistant"
    assert [turn["role"] for turn in turns] == ["user", assistant, "user", assistant, "user"]
    assert json.dumps(case.shots[1].answer)[1:-1] in json.dumps(turns[3])
    flat = json.dumps(body)
    assert flat.count("iVBOR") == 3


def test_each_image_stands_behind_its_caption(make, place, build_cases):
    (case,) = build_cases("leads", count=1)
    reader = make()
    body = reader.provider.body(reader.request(case))
    turns = body.get("contents") or body.get("input") or [one for one in body["messages"] if one["role"] != "system"]
    parts = turns[-1].get("parts") or turns[-1]["content"]
    is_text = ["text" in part for part in parts]
    assert is_text == [True, False] * 12 + [True]
    named = [part["text"].partition("lead ")[2].partition(",")[0] for part in parts[:-1:2]]
    assert named == ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]


def test_no_sdk_is_imported_before_a_call(make, cases, monkeypatch):
    monkeypatch.setattr("importlib.import_module", lambda name: pytest.fail(f"{name} was imported"))
    reader = make()
    assert reader.provider.body(reader.request(cases[0]))["model"] == reader.model
    assert reader.estimate(cases[0]).cost > 0
    assert reader.details["model"] == reader.model


def test_a_usual_key_goes_to_no_address_of_an_option(here, cases):
    server, place = here.server, here.place
    here.patch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTTESTTEST1234")
    here.patch.setenv("AWS_SECRET_ACCESS_KEY", "aws-secret-0123456789")
    address = {"vertex": f"{server.url}/v1", "openai-responses": server.openai_url}.get(here.name, server.url)
    (reading,) = place.reader(place.model, base_url=address).read(cases[:1])
    assert reading.outcome == "answered"
    sent = json.dumps(server.headers)
    assert KEY not in sent and "AKIATEST" not in sent
    here.patch.setenv("MY_API_KEY", "my-own-key-0123456789")
    list(place.reader(place.model, base_url=address, key_variable="MY_API_KEY", max_tokens="100").read(cases[:1]))
    assert "my-own-key-0123456789" in json.dumps(server.headers)


def test_batches_are_refused_in_one_sentence_where_there_are_none(make, name, tmp_path):
    reader = make()
    if name in {"google", "openai-responses"}:
        assert isinstance(reader.provider, BatchProvider)
        return
    with pytest.raises(SettingError, match=f"^provider '{name}' has no batches; leave out --batch$"):
        reader.within(Session(batch=tmp_path))


def test_it_keeps_the_contract(make, cases):
    checks = check_reader(make(), cases[:3])
    assert [check for check in checks if check.problem] == []


def test_a_run_on_the_command_line(registered, here, tmp_path):
    words = (*here.words, "--px-per-mm", "3")
    shown = bench("prompt", "--id", "38", *words, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    priced = bench("run", *words, "--limit", "5", "--dry-run", cwd=tmp_path)
    assert priced.returncode == 0, priced.stderr
    assert "dollars" in priced.stdout and "nothing was sent" in priced.stdout and not here.server.paths
    done = bench("run", *words, "--limit", "5", "--max-cost", "5", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(here.server.paths) == 5
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert KEY.encode() not in kept and KEY not in done.stdout + done.stderr + shown.stdout
    (folder,) = (path for path in (tmp_path / "runs").iterdir() if path.name != "responses")
    assert here.place.model in (folder / "manifest.json").read_text()


def test_a_missing_key_is_one_sentence_on_the_command_line(registered, here, tmp_path):
    here.lose_keys()
    assert is_one_sentence(bench("run", *here.words, "--limit", "66", cwd=tmp_path), here.place.no_key)
