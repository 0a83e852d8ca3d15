"""Logs of the Inspect task become runs: the same scores as our own reader's, and one sentence for what is wrong."""

import json
import os
import struct
import sys
import zipfile
from pathlib import Path

import pytest

from bench.dataset import open_dataset
from bench.inspection import log_file
from bench.inspection.logged_run import logged_run, readings_kept
from bench.inspection.verdicts import logged_evidence
from bench.run.folder import RunFolder
from taxonomy.error import BenchError, FileError

from ... import command
from ...command import is_one_sentence
from ...loopback.server import ANSWER, Running, Server, answer
from .written_log import asking, sample, start, written_eval, written_json

KEY = "sk-test-abcdefgh12345678"
RIGHT = json.dumps(ANSWER | {"rate": "normal"})


@pytest.fixture(scope="module")
def asked():
    return asking()


@pytest.fixture(scope="module")
def cases(asked):
    return list(asked.samples())


@pytest.fixture(scope="module")
def dataset():
    return open_dataset("phantoms:1,66")


@pytest.fixture
def read(asked, dataset, tmp_path):
    """Reads a log of these samples: returns its run."""

    def read(*samples, begun=None):
        log = written_eval(tmp_path / "log.eval", begun or start(asked), samples)
        return logged_run(log, dataset, tmp_path / "runs")

    return read


def copied(one, **changed):
    """Return a sample that answers as the server on loopback does: by the rate that the prompt prints."""
    return sample(one, answer(one.request.text), **changed)


def folder_of(out):
    (path,) = out.iterdir()
    return path


def score_of(path):
    return json.loads((path / "score.json").read_text())


def score(log, *words, cwd):
    return command.bench("score", log, "--out", "runs", *words, cwd=cwd)


def readings_of(log, dataset, out):
    """Return the readings of a log in the order in which it was asked."""
    run = logged_run(log, dataset, out)
    return [run.readings.get(question.key) for question in run.job.questions]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["eval", "json"])
def test_a_log_is_scored_as_the_same_answers_of_our_own_reader_are(asked, cases, tmp_path, kind):
    write = written_eval if kind == "eval" else written_json
    log = write(tmp_path / f"log.{kind}", start(asked), map(copied, cases))
    done = score(log, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with Running(Server()) as server:
        words = ("--reader", "openai:x", "--px-per-mm", "2", "--sample", "6", "--out", "own")
        own = command.bench("run", *words, cwd=tmp_path, OPENAI_BASE_URL=server.openai_url, OPENAI_API_KEY=KEY)
    assert own.returncode == 0, own.stderr
    ours = score_of(next(path for path in (tmp_path / "own").iterdir() if path.name != "responses"))
    theirs = score_of(folder_of(tmp_path / "runs"))
    assert json.dumps(theirs["axes"]) == json.dumps(ours["axes"])
    assert {name for name in ours if ours[name] != theirs[name]} == {"usage"}
    assert (theirs["usage"]["calls"], theirs["usage"]["input_tokens"]) == (6, 6 * 1200)


def test_the_folder_is_that_of_a_run(asked, cases, tmp_path):
    log = written_eval(tmp_path / "log.eval", start(asked, model_base_url="http://me:pass-word-9@host/v1?key=abcdef"),
                       map(copied, cases))  # fmt: skip
    assert score(log, cwd=tmp_path).returncode == 0
    folder = RunFolder(folder_of(tmp_path / "runs"))
    settings = folder.settings()
    assert settings.reader == "inspect:openai/x"
    assert settings.ids == asked.settings.ids
    assert settings.measured == ("axis", "rate")
    assert settings.reader_details["endpoint"] == "http://host/v1"
    assert json.loads(settings.reader_details["config"]) == {"max_tokens": 8192, "temperature": 0.0}
    before = score_of(folder.path)
    assert command.bench("score", folder.path, cwd=tmp_path).returncode == 0
    assert score_of(folder.path) == before


def test_no_key_of_a_log_is_written(asked, cases, tmp_path):
    begun = start(asked, model_args={"api_key": KEY, "organization": "us"},
                  model_generate_config={"extra_headers": {"Authorization": KEY}})  # fmt: skip
    assert score(written_eval(tmp_path / "log.eval", begun, map(copied, cases)), cwd=tmp_path).returncode == 0
    written = b"".join(path.read_bytes() for path in (tmp_path / "runs").rglob("*") if path.is_file())
    assert KEY.encode() not in written
    assert b"organization" in written


@pytest.mark.parametrize(
    ("changed", "kind", "said"),
    [
        ({"error": {"message": "Request: QT 429 ms\nConnection refused"}}, "transport", "Connection refused"),
        ({"error": {"message": "E('all of it')", "traceback": "...\n\nE: refused\n"}}, "transport", "E: refused"),
        ({"error": {"message": "RateLimitError: 429"}}, "quota", "429"),
        ({"limit": {"type": "message", "limit": 3}}, "truncated", "Inspect's limit of message"),
        ({"stop": "max_tokens"}, "truncated", "cut off"),
        ({"stop": "model_length"}, "truncated", "cut off"),
        ({"stop": "content_filter"}, "content_filter", "content filter"),
        ({"text": [{"type": "text", "text": "I cannot.", "refusal": True}]}, "refusal", "refused"),
        ({"text": ""}, "empty", "no text"),
        ({"text": "The ECG looks fine."}, "unparseable", "no complete JSON object"),
        ({"output": {"choices": []}}, "empty", "no text"),
    ],
)
def test_what_is_no_answer_fails_as_with_an_api_reader(read, cases, changed, kind, said):
    (reading,) = read(sample(cases[0], **{"text": RIGHT, **changed})).readings.values()
    assert reading.error.kind == kind
    assert said in reading.error.message
    assert reading.usage.input_tokens == 1200
    assert reading.usage.cached_tokens == 200


def test_thoughts_stand_beside_the_answer_and_every_call_of_a_tool_loop_counts(asked, cases, dataset, tmp_path):
    text = [{"type": "reasoning", "reasoning": '{"rate": "tachycardia"}'}, {"type": "text", "text": RIGHT}]
    usage = {"openai/x": {"input_tokens": 10, "output_tokens": 2}, "openai/y": {"input_tokens": 5, "output_tokens": 1}}
    log = written_eval(tmp_path / "log.eval", start(asked), [sample(cases[0], text, model_usage=usage)])
    reading = readings_of(log, dataset, tmp_path)[0]
    assert reading.values["rate"] == "normal"
    assert (reading.usage.input_tokens, reading.usage.output_tokens) == (15, 3)


def test_a_known_model_has_its_price_and_its_images_within_its_limits(dataset, tmp_path):
    asked = asking(limit=1, model="anthropic/claude-opus-4-8", px_per_mm=12)
    (one,) = asked.samples()
    assert one.request.images[0].px_per_mm < 12
    log = written_eval(tmp_path / "log.eval", start(asked, model="anthropic/claude-opus-4-8"), [sample(one, RIGHT)])
    (reading,) = readings_of(log, dataset, tmp_path)
    assert reading.usage.cost > 0
    assert reading.usage.px_per_mm == round(one.request.images[0].px_per_mm, 2)


def test_a_schema_that_was_sent_is_held_against_the_answer(asked, cases, dataset, tmp_path):
    begun = start(asked, model_generate_config={"response_schema": {"name": "ecg_reading"}})
    texts = (RIGHT, f"Here: {RIGHT}")
    log = written_eval(tmp_path / "log.eval", begun, map(sample, cases, texts))
    found = readings_of(log, dataset, tmp_path)
    assert [one.usage.follows_schema for one in found[:2]] == [True, False]


@pytest.mark.slow
def test_missing_samples_are_missing_and_a_later_log_of_the_evaluation_adds_them(asked, cases, dataset, tmp_path):
    failed = sample(cases[1], error={"message": "Connection refused"})
    first = written_eval(tmp_path / "first.eval", start(asked), [copied(cases[0]), failed])
    done = score(first, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Incomplete: 2 of 6 questions have a reading" in done.stderr
    assert "1 transport: Connection refused" in done.stdout
    assert f"'inspect eval-retry {first}' asks them again." in done.stdout
    folder = RunFolder(folder_of(tmp_path / "runs"))
    assert score_of(folder.path)["n"] == 2
    whole = written_eval(tmp_path / "whole.eval", start(asked), map(copied, cases))
    for log in (whole, first):
        assert score(log, cwd=tmp_path).returncode == 0
        readings, _ = folder.every_reading()
        assert len(readings) == 6
        assert not any(reading.error for reading in readings.values()), "an answer stays where a log holds a failure"
    other = written_eval(tmp_path / "other.eval", start(asked, task_id="task-2"), map(copied, cases))
    assert score(other, cwd=tmp_path).returncode == 0
    assert len(list((tmp_path / "runs").iterdir())) == 2, "another evaluation is another run"


def test_the_report_tells_how_many_questions_have_a_reading(asked, cases, tmp_path):
    begun = start(asked, config={"epochs": 2})
    every = [copied(one, epoch=epoch) for one in cases for epoch in (1, 2)]
    log = written_eval(tmp_path / "log.eval", begun, every[:-1])
    done = score(log, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = "Incomplete: 11 of 12 questions have a reading"
    assert said in done.stderr, "every case has a first reading, but one lacks a repeat"
    assert said in (folder_of(tmp_path / "runs") / "report.md").read_text()
    assert score(written_eval(log, begun, every), cwd=tmp_path).returncode == 0
    assert "Incomplete" not in (folder_of(tmp_path / "runs") / "report.md").read_text()


def test_a_log_without_an_answer_is_no_success(asked, cases, tmp_path):
    log = written_eval(tmp_path / "log.eval", start(asked), [sample(one, error={"message": "no"}) for one in cases])
    done = score(log, cwd=tmp_path)
    assert done.returncode == 1
    assert "every call failed (6 transport: no)" in done.stderr


def test_epochs_are_repeats(asked, cases, tmp_path):
    begun = start(asked, config={"epochs": 2})
    samples = [copied(one, epoch=epoch) for one in cases for epoch in (1, 2)]
    done = score(written_eval(tmp_path / "log.eval", begun, samples), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "agreement of 2 repeats" in done.stdout
    assert RunFolder(folder_of(tmp_path / "runs")).settings().repeats == 2


@pytest.mark.parametrize("shown", [{"condition": "crossed"}, {"condition": "image-only", "shots": 1},
                                   {"condition": "jittered", "demography": True}])  # fmt: skip
def test_every_view_is_asked_and_found_again(shown, dataset, tmp_path):
    asked = asking(**{"limit": 4, **shown})
    log = written_eval(tmp_path / "log.eval", start(asked), map(copied, asked.samples()))
    run = logged_run(log, dataset, tmp_path / "runs")
    assert len(run.readings) == 4
    run.keep()
    assert readings_kept(run) == run.readings


def edited(one):
    changed = copied(one)
    changed["input"][-1]["content"][-1]["text"] += " Think hard."
    return changed


def with_another_picture(one, other):
    changed, taken = copied(one), copied(other)["attachments"]
    changed["attachments"] = dict(zip(changed["attachments"], taken.values(), strict=True))
    return changed


def with_one_more_turn(one):
    changed = copied(one)
    changed["input"].insert(1, {"role": "user", "content": "Hello."})
    return changed


def of_another_digest(one):
    return copied(one, logs_images=False, metadata={"asked": "0" * 16})


def test_a_task_that_was_edited_is_refused(asked, cases, dataset, tmp_path):
    wrong = {
        "turn 2, user, is another": edited(cases[0]),
        "turn 2, user, is another)": with_another_picture(cases[0], cases[1]),
        "it has 3 turns, and there are 2": with_one_more_turn(cases[0]),
        "the digest of what was shown is another": of_another_digest(cases[0]),
    }
    for said, one in wrong.items():
        log = written_eval(tmp_path / "log.eval", start(asked), [one])
        with pytest.raises(FileError) as error:
            logged_run(log, dataset, tmp_path / "runs")
        assert said in str(error.value)
    unseen = written_eval(tmp_path / "log.eval", start(asked), [copied(cases[0], logs_images=False)])
    assert len(logged_run(unseen, dataset, tmp_path / "runs").readings) == 1
    assert not (tmp_path / "runs").exists()


HINT = {"role": "user", "content": "Hint: the right answer is sinus rhythm."}
CALL = {"role": "assistant", "content": "", "tool_calls": [{"id": "1", "function": "calipers", "arguments": {}}]}
MEASURED = {"role": "tool", "content": "QT 429 ms", "tool_call_id": "1", "function": "calipers"}


@pytest.mark.parametrize(
    ("before", "said"),
    [([HINT], "its messages hold turn 3, 'user', which is not of the task"),
     ([{**HINT, "role": "system"}], "its messages hold turn 3, 'system', which is not of the task"),
     ([{"role": "assistant", "content": "It is sinus."}], "hold turn 4, 'assistant', which is not of the task"),
     ([MEASURED], "its messages hold turn 3, 'tool', which is not of the task"),
     ([CALL, MEASURED, HINT], "its messages hold turn 5, 'user', which is not of the task"),
     (["Hint"], "its messages hold turn 3, 'None', which is not of the task")],
)  # fmt: skip
def test_a_solver_that_tells_the_model_more_is_refused(read, cases, before, said):
    with pytest.raises(FileError) as error:
        read(copied(cases[0], before=before))
    assert said in str(error.value)


def test_messages_that_begin_with_another_question_are_refused(read, cases):
    other, one = copied(cases[1]), copied(cases[0])
    told = {
        "begin with what was asked": [
            other["messages"],
            one["messages"][1:],
            [{"role": "system", "content": "Sinus."}, *one["messages"][1:]],
            copied(cases[0], logs_images=False)["messages"],
            [],
        ],
        "its messages are no list": ["text", None],
    }
    for said, every in told.items():
        for messages in every:
            with pytest.raises(FileError, match=said):
                read({**one, "messages": messages, "attachments": one["attachments"] | other["attachments"]})
    early = read(copied(cases[0], messages=[], error={"message": "Connection refused"}))
    assert [one.outcome for one in early.readings.values()] == ["failed"], "it failed before its first call"


def test_a_tool_loop_is_named_in_the_report_and_the_terminal(asked, cases, tmp_path):
    samples = [copied(cases[0], before=[CALL, MEASURED, MEASURED]), *map(copied, cases[1:])]
    done = score(written_eval(tmp_path / "log.eval", start(asked), samples), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = "Asked by solver generate with tools calipers: what these told the model is not checked."
    assert said in done.stdout
    folder = folder_of(tmp_path / "runs")
    assert said in (folder / "report.md").read_text()
    assert said in command.bench("score", folder, cwd=tmp_path).stdout, "the run's folder keeps it"


def steps(asked, *names, **told):
    begun = start(asked, **told)
    return begun | {"plan": begun["plan"] | {"steps": [{"solver": name, "params": {}} for name in names]}}


def test_another_solver_than_inspects_own_is_named_in_title_report_and_terminal(asked, cases, tmp_path):
    begun = steps(asked, "leaky", "generate", model="anthropic/claude-opus-4-8", solver="leaky.py@leaky")
    done = score(written_eval(tmp_path / "log.eval", begun, map(copied, cases)), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = "Asked by solver leaky, generate: what these told the model is not checked."
    assert said in done.stdout
    folder = folder_of(tmp_path / "runs")
    report = (folder / "report.md").read_text()
    assert said in report
    assert report.startswith("# inspect:anthropic/claude-opus-4-8 (solver leaky, generate) on ")
    assert score_of(folder)["usage"]["cost"] > 0, "the solver does not hide the model's price"


def test_a_solver_of_the_users_own_is_known_by_its_file_and_inspects_own_is_not_told(read, asked, cases):
    for named in (None, "generate", "inspect_ai/generate"):
        assert read(copied(cases[0]), begun=steps(asked, "generate", solver=named)).caveats == ()
    mine = read(copied(cases[0]), begun=steps(asked, "generate", solver="mine.py@generate"))
    assert mine.caveats == ("Asked by solver generate: what it told the model is not checked.",)
    assert mine.job.settings.reader == "inspect:openai/x (solver generate)"


def test_pictures_that_are_not_logged_are_told(asked, cases, tmp_path):
    samples = [copied(one, logs_images=False) for one in cases]
    done = score(written_eval(tmp_path / "log.eval", start(asked), samples), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for text in (done.stdout, (folder_of(tmp_path / "runs") / "report.md").read_text()):
        assert "The log lacks pictures (--no-log-images)" in text


def changed_settings(asked, **changed):
    metadata = asked.metadata()
    metadata["settings"] |= changed
    return start(asked, metadata={"ecg_bench": metadata})


@pytest.mark.parametrize(
    ("begun", "said"),
    [
        (lambda asked: start(asked, metadata={}), "is no log of the task bench/ecg"),
        (lambda asked: start(asked, metadata={"ecg_bench": {}}), "run settings must be a JSON object"),
        (lambda asked: {"version": 2, "eval": 3}, "its 'eval' is no JSON object"),
        (lambda asked: start(asked, model=7), "its 'model' is '7', no name"),
        (lambda asked: start(asked, config={"epochs": -1}), "its epochs are '-1'"),
        (lambda asked: changed_settings(asked, prompt="1.0.0-aaaaaaaa"), "was asked with the prompts '1.0.0-aaaaaaaa'"),
        (lambda asked: changed_settings(asked, fingerprint="0" * 16), "the run was made on other records"),
        (lambda asked: changed_settings(asked, dataset="ptb-xl"), "name its dataset with --data"),
        (lambda asked: changed_settings(asked, measurements="../../etc/passwd"), "a path stands in none"),
        (lambda asked: changed_settings(asked, condition="/etc/passwd"), "unknown condition '/etc/passwd'"),
        (lambda asked: changed_settings(asked, px_per_mm=10**9), "px_per_mm"),
        (lambda asked: changed_settings(asked, condition="crossed"), "whose numbers stood beside record"),
        (lambda asked: start(asked, metadata={"ecg_bench": asked.metadata() | {"donors": {"1": [2]}}}),
         "the donor of '1' is no record"),
        (lambda asked: start(asked, metadata={"ecg_bench": asked.metadata() | {"donors": {"1": "2\n"}}}),
         "the donor of '1' is no record"),
        (lambda asked: start(asked, solver=["x"]) | {"plan": {}}, "its 'solver' is \"['x']\", no name"),
        (lambda asked: steps(asked, "a\0b"), "its 'solver' is 'a\\x00b', no name"),
        (lambda asked: start(asked, model_generate_config={"system_message": "Answer sinus."}),
         "a system message beside the task's ('Answer sinus.')"),
        (lambda asked: start(asked) | {"plan": {"steps": [{"solver": "generate", "params": {"system_message": "x"}}]}},
         "a system message beside the task's ('x')"),
        (lambda asked: start(asked) | {"plan": {"steps": True}}, "the steps of its plan are 'True', no list of them"),
        (lambda asked: start(asked) | {"plan": {"steps": ["generate"]}}, "no list of them"),
        (lambda asked: changed_settings(asked, ids=["a\0b\n"]), r"the record 'a\x00b\n', no name"),
    ],
)  # fmt: skip
def test_a_head_that_tells_something_else_is_one_sentence(read, asked, cases, begun, said):
    with pytest.raises(BenchError) as error:
        read(copied(cases[0]), begun=begun(asked))
    assert said in str(error.value)
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"id": "0123456789ab"}, "is of case '0123456789ab', which the task did not ask"),
        ({"id": 7}, "is of case '7', which the task did not ask"),
        ({"epoch": 2}, "is of epoch '2', and there are 1"),
        ({"input": "Read this."}, "its input is no list of messages"),
        ({"attachments": [1]}, "its attachments or its metadata are no JSON object"),
        ({"output": {"choices": "none"}}, "no list of choices"),
        ({"output": [1]}, "'choices' is no JSON object"),
        ({"model_usage": {"x": {"input_tokens": -1}}}, "its input_tokens is '-1'"),
    ],
)
def test_a_sample_of_another_form_is_one_sentence(read, cases, changed, said):
    with pytest.raises(FileError) as error:
        read(copied(cases[0], **changed))
    assert said in str(error.value)


def test_two_samples_of_one_question_and_too_many_are_refused(asked, cases, dataset, tmp_path):
    twice = written_json(tmp_path / "log.json", start(asked), [copied(cases[0])] * 2)
    with pytest.raises(FileError, match="is there twice"):
        logged_run(twice, dataset, tmp_path)
    many = written_json(tmp_path / "log.json", start(asked), [copied(cases[0])] * 7)
    with pytest.raises(FileError, match="holds 7 samples of 6 questions"):
        logged_run(many, dataset, tmp_path)
    none = written_json(tmp_path / "log.json", start(asked), [])
    with pytest.raises(FileError, match="holds no sample"):
        logged_run(none, dataset, tmp_path)


def bomb(path, asked, cases):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("_journal/start.json", b" " * 5000)


def lying(path, asked, cases):
    """Write a zip whose index says that a file is shorter than it is."""
    written_eval(path, start(asked), [])
    data = path.read_bytes()
    at = data.index(b"PK\x01\x02") + 24
    path.write_bytes(data[:at] + struct.pack("<L", 10) + data[at + 4 :])


def encrypted(path, asked, cases):
    written_eval(path, start(asked), [])
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    path.write_bytes(data)


def cut(path, asked, cases):
    written_eval(path, start(asked), [copied(cases[0])])
    path.write_bytes(path.read_bytes()[:-200])


def flipped(path, asked, cases):
    written_eval(path, start(asked), [copied(cases[0])])
    data = bytearray(path.read_bytes())
    data[200] ^= 0xFF
    path.write_bytes(data)


HOSTILE = {
    "text": (lambda path, *_: path.write_text("hello"), "File is not a zip file"),
    "an empty file": (lambda path, *_: path.write_bytes(b""), "File is not a zip file"),
    "a folder": (lambda path, *_: path.mkdir(), "folder"),
    "a pipe": (lambda path, *_: os.mkfifo(path), "no regular file"),
    "nothing": (lambda path, *_: None, "does not exist"),
    "another zip": (
        lambda path, *_: zipfile.ZipFile(path, "w").close(), "is no log of Inspect's: it holds no _journal/start.json"
    ),
    "a bomb": (bomb, "larger than 0 MiB"),
    "a lie": (lying, "damaged"),
    "a password": (encrypted, "encrypted"),
    "a cut": (cut, "File is not a zip file"),
    "a flipped bit": (flipped, "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_file_that_is_no_log_is_one_sentence(asked, cases, tmp_path, monkeypatch, kind):
    if kind == "a bomb":
        monkeypatch.setattr(log_file, "MEMBER", log_file.Bounds(size=1000))
    make, said = HOSTILE[kind]
    make(tmp_path / "log.eval", asked, cases)
    done = score("log.eval", cwd=tmp_path)
    assert is_one_sentence(done, said), done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "it is no JSON"), ("[]", "it holds a list"), ('{"samples": 3}', "its samples are no list"),
     ("[" * 100_000, "lists and objects within one another"), ('{"eval": {}, "samples": []}', "no log of the task")],
)  # fmt: skip
def test_json_that_is_no_log_is_one_sentence(tmp_path, text, said):
    (tmp_path / "log.json").write_text(text)
    assert is_one_sentence(score("log.json", cwd=tmp_path), said)


def test_what_was_not_scored_is_read_and_a_later_file_of_a_name_counts(asked, cases, dataset, tmp_path):
    one = copied(cases[0], scores={"other": {"value": float("nan")}})
    log = written_eval(tmp_path / "log.eval", start(asked), [one])
    with zipfile.ZipFile(log, "a") as packed, pytest.warns(UserWarning, match="Duplicate name"):
        packed.writestr(f"samples/{one['id']}_epoch_1.json", json.dumps({**one, "error": {"message": "late"}}))
    (reading,) = [reading for reading in readings_of(log, dataset, tmp_path) if reading]
    assert reading.error.message == "late"


def zstd_log(path, asked, cases):
    """Write a log as Inspect packs it: a zip whose files are packed by zstd (method 93), in several frames."""
    import zstandard

    stored = written_eval(path.with_name("stored.eval"), start(asked), map(copied, cases), zipfile.ZIP_STORED)
    pack = zstandard.ZstdCompressor().compress
    out, index, count = b"", b"", 0
    with zipfile.ZipFile(stored) as whole:
        for info in whole.infolist():
            data, name = whole.read(info), info.filename.encode()
            packed = pack(data[:100]) + pack(data[100:])
            sizes = struct.pack("<3L2H", info.CRC, len(packed), len(data), len(name), 0)
            index += struct.pack("<4s6H", b"PK\x01\x02", 20, 20, 0, 93, 0, 0) + sizes
            index += struct.pack("<3H2L", 0, 0, 0, 0, len(out)) + name
            out += struct.pack("<4s5H", b"PK\x03\x04", 20, 0, 93, 0, 0) + sizes + name + packed
            count += 1
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(index), len(out), 0)
    path.write_bytes(out + index + end)
    return path


def test_files_packed_by_zstd_are_read_and_without_its_package_the_way_out_is_said(
    asked, cases, dataset, tmp_path, monkeypatch
):
    pytest.importorskip("zstandard", reason="zstandard is not installed: pip install zstandard")
    log = zstd_log(tmp_path / "log.eval", asked, cases)
    plain = written_eval(tmp_path / "plain.eval", start(asked), map(copied, cases))
    assert logged_run(log, dataset, tmp_path).readings == logged_run(plain, dataset, tmp_path).readings
    data = bytearray(log.read_bytes())
    data[data.index(b"\x28\xb5\x2f\xfd") + 6] ^= 0xFF
    (tmp_path / "damaged.eval").write_bytes(data)
    with pytest.raises(FileError, match="damaged"):
        logged_run(tmp_path / "damaged.eval", dataset, tmp_path)
    monkeypatch.setattr(log_file, "MEMBER", log_file.Bounds(size=2000))
    with pytest.raises(FileError, match="larger than"):
        logged_run(log, dataset, tmp_path)
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "zstandard", None)
    done = score("log.eval", cwd=tmp_path)
    assert is_one_sentence(done, "zstandard is not installed: install it, or 'inspect log convert LOG --to json")


def logs_of(tmp_path, *conditions, **told):
    made = []
    for number, condition in enumerate(conditions):
        asked = asking(condition, limit=4)
        begun = start(asked, task_id=f"task-{condition}-{number}", **told)
        made.append(written_eval(tmp_path / f"{number}.eval", begun, map(copied, asked.samples())))
    return made


def test_logs_of_several_conditions_give_verdicts(tmp_path, dataset):
    logs = logs_of(tmp_path, "full", "image-only", "text-only", "crossed")
    runs = [logged_run(log, dataset, tmp_path / "runs") for log in logs]
    for run in runs:
        run.keep()
    found = logged_evidence(runs, tmp_path / "runs", image_ceiling="")
    assert found.reader == "inspect:openai/x"
    assert found.cases == 4
    assert found.conditions == {name: name for name in ("full", "text-only", "image-only", "crossed")}
    rate = next(axis for axis in found.axes if axis.axis == "rate")
    assert rate.accuracies["text-only"].value == 1
    assert rate.verdict


def test_a_record_that_one_log_lacks_is_left_out_of_the_verdicts_and_told(tmp_path, dataset):
    logs = logs_of(tmp_path, "full")
    asked = asking("text-only", limit=4)
    partly = [copied(one) for one in asked.samples()][:3]
    logs.append(written_eval(tmp_path / "part.eval", start(asked, task_id="t"), partly))
    runs = [logged_run(log, dataset, tmp_path / "runs") for log in logs]
    for run in runs:
        run.keep()
    found = logged_evidence(runs, tmp_path / "runs", image_ceiling="")
    assert found.cases == 3
    assert "1 of 4 records lack an answer in one of the logs and are left out." in found.caveats


@pytest.mark.slow
def test_the_command_prints_the_verdicts_and_names_their_page(tmp_path):
    done = command.bench("score", *logs_of(tmp_path, "full", "text-only"), "--out", "runs", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "where its answers come from" in done.stdout
    page = done.stdout.rpartition("page: ")[2].strip()
    assert (tmp_path / page).read_text().startswith("# ")
    assert Path(page).parent.name.startswith("ablation-inspect-openai-x")


def test_logs_that_differ_in_more_than_their_condition_give_no_verdict(tmp_path, dataset):
    def verdicts(*logs):
        return command.bench("score", *logs, "--out", "runs", cwd=tmp_path)

    full, text = logs_of(tmp_path, "full", "text-only")
    assert is_one_sentence(verdicts(text, text), "are both of condition 'text-only'")
    other = logs_of(tmp_path / "other", "full", model="openai/y")[0]
    assert is_one_sentence(verdicts(other, text), "differ in reader (inspect:openai/y and inspect:openai/x)")
    hot = logs_of(tmp_path / "hot", "full", model_generate_config={"top_p": 0.5})[0]
    assert is_one_sentence(verdicts(hot, text), "differ in config")
    assert is_one_sentence(
        verdicts(text, *logs_of(tmp_path / "images", "image-only")), "need the log of condition full"
    )
    assert not (tmp_path / "runs").exists(), "nothing is written before all is compared"
    assert verdicts(full, tmp_path).returncode == 2


@pytest.mark.slow
def test_a_run_of_a_log_is_not_asked_again_by_us(asked, cases, tmp_path, dataset):
    log = written_eval(tmp_path / "log.eval", start(asked), map(copied, cases))
    assert score(log, cwd=tmp_path).returncode == 0
    done = command.bench("retry", folder_of(tmp_path / "runs"), cwd=tmp_path)
    assert is_one_sentence(done, "inspect:openai/x"), done.stderr
    with pytest.raises(BenchError, match="is asked by Inspect"):
        next(logged_run(log, dataset, tmp_path / "runs").job.reader.read([]))


def test_options_of_predictions_are_refused_beside_logs(asked, cases, tmp_path):
    log = written_eval(tmp_path / "log.eval", start(asked), map(copied, cases))
    assert is_one_sentence(score(log, "--split", "val", cwd=tmp_path), "--split goes with --predictions")
