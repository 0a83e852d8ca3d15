"""Probabilities of a model behind an API, from its logprobs to the score."""

import json
import math
import re

import pytest

from readers.api.anthropic import AnthropicReader
from readers.api.openai import OpenAIReader
from readers.session import Session
from taxonomy.error import SettingError, StopReading
from taxonomy.reading import Reading

from ...command import bench
from .conftest import KEY

MODEL = "some-open-model"
RHYTHM = {"sinus": 0.7, "atrial_fibrillation": 0.2, "paced": 0.1}
WORD = re.compile(r'"\w+"|[^"\w]+|\w+')


def entry(token, chances):
    others = [{"token": text, "logprob": math.log(chance)} for text, chance in chances.items()]
    return {"token": token, "logprob": math.log(chances[token]), "bytes": [*token.encode()], "top_logprobs": others}


def logprobs_of(text):
    """Return what a server tells of an answer in words: sure of all but the rhythm, and half sure of the diagnosis."""
    rhythm = {f'"{value}"': chance for value, chance in RHYTHM.items()}
    content, key = [], ""
    for token in WORD.findall(text):
        chances = {token: 1.0}
        if key == '"rhythm"' and token.startswith('"'):
            chances = rhythm
        elif key == '"diagnosis"' and token.startswith('"'):
            chances = {token: 0.5, '"unknown': 0.5}
        content.append(entry(token, chances))
        key = token if token.startswith('"') else key
    return {"content": content}


def telling(whole):
    choice = whole["choices"][0]
    choice["logprobs"] = logprobs_of(choice["message"]["content"])
    return whole


@pytest.fixture
def said():
    return []


def read(cases, said, tmp_path=None, run="a", **options):
    made = OpenAIReader(MODEL, probabilities="on", **options)
    return list(made.within(Session(tmp_path, run_id=run, say=said.append)).read(cases))


def test_a_server_of_logprobs_gives_its_own_distribution(server, cases, said, tmp_path):
    server.script = telling
    readings = read(cases, said, tmp_path)
    assert {(body["logprobs"], body["top_logprobs"]) for body in server.bodies} == {(True, 20)}
    for reading in readings:
        rhythm = {value: chance for value, chance in reading.probabilities["rhythm"].items() if chance}
        assert rhythm == RHYTHM
        assert reading.probabilities["rate"][reading.values["rate"]] == 1
        assert "other_findings" not in reading.probabilities
        assert reading.partial == {"diagnosis"}
        assert reading.probabilities["superclass"]["NORM"] == 1
        assert Reading.from_json(json.loads(json.dumps(reading.to_json()))) == reading
    again = read(cases, said, tmp_path, run="b")
    assert [reading.probabilities for reading in again] == [reading.probabilities for reading in readings]
    assert again[0].partial == readings[0].partial
    assert len(server.bodies) == len(cases)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"top_logprobs" not in kept and b"spelled" not in kept and KEY.encode() not in kept
    assert not [line for line in said if "probabilities" in line]


def test_nothing_is_asked_and_nothing_told_without_the_option(server, cases):
    server.script = telling
    (reading,) = OpenAIReader(MODEL).read(cases[:1])
    assert "logprobs" not in server.bodies[0] and "top_logprobs" not in server.bodies[0]
    assert reading.probabilities == {}


def test_a_server_that_ignores_the_wish_is_told_once_and_its_answers_stay(server, cases, said):
    readings = read(cases, said)
    assert [reading.outcome for reading in readings] == ["answered"] * len(cases)
    assert {len(reading.probabilities) for reading in readings} == {0}
    told = [line for line in said if "probabilities" in line]
    assert told == ["no probabilities: the server sends no logprobs in the form of its API"]


@pytest.mark.parametrize(
    "broken",
    [
        {"content": [{"token": 5}]},
        {"content": "x"},
        {"content": [None]},
        {"content": [{"token": "x", "logprob": -1, "bytes": 10**12}]},
    ],
)
def test_malformed_logprobs_cost_no_answer(server, cases, said, broken):
    def script(whole):
        whole["choices"][0]["logprobs"] = broken
        return whole

    server.script = script
    (reading,) = read(cases[:1], said)
    assert (reading.outcome, reading.probabilities) == ("answered", {})
    assert len([line for line in said if "no probabilities: " in line]) == 1


def test_a_model_that_refuses_them_is_one_sentence(server, cases, said):
    server.plan = lambda digest, times: "logprobs"
    words = r"'logprobs' is not supported with this model\.\); without --option probabilities=on it is not asked"
    with pytest.raises(StopReading, match=words):
        read(cases[:2], said, attempts="1")


@pytest.mark.parametrize(
    ("factory", "model", "words"),
    [
        (AnthropicReader, "claude-opus-4-8", "Anthropic's API has no logprobs; leave it out$"),
        (OpenAIReader, "gpt-5", "model 'gpt-5' has no logprobs$"),
        (OpenAIReader, "gpt-5.6", "has no logprobs, except by --option reasoning_effort=none$"),
    ],
)
def test_a_model_known_to_have_none_is_refused_before_anything_is_sent(monkeypatch, factory, model, words):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(SettingError, match=words):
        factory(model, probabilities="on")
    assert OpenAIReader("gpt-5.6", probabilities="on", reasoning_effort="none")


def test_an_answer_that_is_cut_off_or_refused_has_none_and_accuses_nobody(server, cases, said):
    for fault in ("length", "refusal", "empty"):
        server.script = telling if fault != "refusal" else lambda whole: whole
        server.plan = lambda digest, times, fault=fault: fault
        (reading,) = read(cases[:1], said, seed=str(len(fault)))
        assert reading.error and reading.probabilities == {}
    assert not [line for line in said if "no probabilities" in line and "sends no" not in line]


def test_batches_have_them_too(server, cases, said, tmp_path):
    def script(results):
        for result in results:
            telling(result["response"]["body"])
        return results

    server.batch_script = script
    session = Session(tmp_path, run_id="a", batch=tmp_path / "batch", poll_seconds=0.05, say=said.append)
    readings = list(OpenAIReader(MODEL, probabilities="on").within(session).read(cases))
    assert {reading.probabilities["rhythm"]["paced"] for reading in readings} == {0.1}


@pytest.mark.slow
def test_a_run_has_areas_and_calibration_from_them_and_says_what_is_partial(server, tmp_path):
    server.script = telling
    words = ("--reader", f"openai:{MODEL}", "--px-per-mm", "3", "--limit", "20", "--option", "probabilities=on")
    env = {"OPENAI_BASE_URL": server.openai_url, "OPENAI_API_KEY": KEY}
    done = bench("run", *words, cwd=tmp_path, **env)
    assert done.returncode == 0, done.stderr
    assert "probabilities known in part" in done.stdout
    assert "diagnosis of 20 records" in done.stdout
    (folder,) = (path for path in (tmp_path / "runs").iterdir() if path.name != "responses")
    score = json.loads((folder / "score.json").read_text())
    assert score["probability"]["partial"] == {"diagnosis": 20}
    assert score["probability"]["calibration_error"] is not None
    calibrated = {axis["axis"] for axis in score["axes"] if axis["calibration_error"] is not None}
    assert calibrated == {"rate", "rhythm", "axis", "conduction", "ischemia_stage", "ischemia_territory", "diagnosis"}
    page = (folder / "report.md").read_text()
    assert "## Probabilities" in page and "| rhythm |" in page
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["settings"]["options"]["probabilities"] == "on"
