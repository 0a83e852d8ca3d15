"""A provider with no SDK and no batches, in a few lines of its own, behind the same reader."""

import base64
from pathlib import Path

import httpx2
import pytest

from readers.api.provider import MALFORMED, BatchProvider, Details
from readers.api.reader import ApiReader
from readers.api.response import CallError, Response
from readers.session import Session
from taxonomy.error import SettingError
from taxonomy.threshold import rate_of


class PlainProvider:
    """Chat completions over plain HTTP, asked once."""

    name = "plain"
    address = ""

    def __init__(self, model, options):
        self.model, self.options = model, options

    def details(self):
        return Details(self.model, self.address, structured=False)

    def body(self, request):
        pictures = ["data:image/png;base64," + base64.b64encode(image.png).decode() for image in request.images]
        content = [{"type": "image_url", "image_url": {"url": picture}} for picture in pictures]
        content.append({"type": "text", "text": request.text})
        system = {"role": "system", "content": request.system}
        return {"model": request.model, "messages": [system, {"role": "user", "content": content}]}

    def check(self):
        pass

    def connect(self, busy):
        self.busy, self.client = busy, httpx2.AsyncClient(timeout=self.options.timeout)

    async def ask(self, body):
        found = await self.client.post(f"{self.address}/chat/completions", json=body)
        if found.status_code == 429:
            self.busy(None)
            raise CallError("quota", "too many requests")
        try:
            return self.response(found.json())
        except MALFORMED as error:
            raise CallError("transport", "no answer of this API") from error

    def response(self, body):
        return Response(body["choices"][0]["message"]["content"], "end", None, self.model)

    async def close(self):
        await self.client.aclose()


class PlainReader(ApiReader):
    description = "plain:MODEL"
    provider_type = PlainProvider


@pytest.fixture
def plain(server, monkeypatch):
    monkeypatch.setattr(PlainProvider, "address", server.openai_url)
    return PlainReader("any-model")


def test_it_answers_in_order_and_what_is_kept_is_not_asked_again(server, plain, cases, tmp_path):
    for run in ("first", "second"):
        readings = list(plain.within(Session(tmp_path, run_id=run, concurrency=4)).read(cases))
        expected = [rate_of(case.prompt.measurements.heart_rate.printed) for case in cases]
        assert [reading.values["rate"] for reading in readings] == expected
    assert sum(server.counts.values()) == len(cases)
    assert plain.details["endpoint"] == server.openai_url
    assert plain.details["image_limit"] == "unknown: images are sent as drawn"


def test_a_call_that_fails_fails_its_case_alone(server, plain, cases):
    server.plan = lambda digest, times: {2: "429", 3: "garbage"}.get(len(server.counts), "")
    readings = list(plain.within(Session(concurrency=1)).read(cases))
    assert [reading.error.kind for reading in readings if reading.error] == ["quota", "transport"]


def test_a_batch_is_refused_in_one_sentence(plain):
    assert not isinstance(plain.provider, BatchProvider)
    with pytest.raises(SettingError, match=r"^provider 'plain' has no batches; leave out --batch$"):
        plain.within(Session(batch=Path("batch")))


def test_details_bodies_and_estimates_need_no_sdk_and_no_key(make, cases, monkeypatch):
    for variable in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("importlib.import_module", lambda name: pytest.fail(f"{name} was imported"))
    reader = make()
    assert reader.details["endpoint"].startswith("https://api.")
    assert reader.provider.body(reader.request(cases[0]))["model"] == reader.model
    assert reader.estimate(cases[0]).cost > 0
