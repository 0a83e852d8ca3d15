import base64
import importlib.util
import io
import math
from dataclasses import dataclass, field, replace

import pytest
from PIL import Image

from readers.contract import Case, Prompt, Shot
from readers.vllm.answer import answer
from readers.vllm.conversation import conversation, sampling, schema_of
from readers.vllm.option import VllmOptions
from readers.vllm.reader import VllmReader, model_version
from renderers import blank
from taxonomy.error import ReaderError, SettingError

HAS_VLLM = importlib.util.find_spec("vllm") is not None
VALUES = {"type": "string", "enum": ["normal", "tachycardia"]}
SCHEMA = {"type": "object", "properties": {"rate": VALUES}, "required": ["rate"]}
PAGE = blank("printed")
CASE = Case("abc", images=PAGE, prompt=Prompt("Read it.", system="You read ECGs.", captions=("A page",), schema=SCHEMA))


@dataclass
class Logprob:
    """With the fields of vllm.logprobs.Logprob."""

    logprob: float
    rank: int | None = None
    decoded_token: str | None = None


@dataclass
class Completion:
    """With those fields of vllm.outputs.CompletionOutput that are read."""

    text: str
    token_ids: list[int]
    logprobs: list[dict[int, Logprob]] | None = None
    finish_reason: str | None = "stop"


@dataclass
class Output:
    """With those fields of vllm.outputs.RequestOutput that are read."""

    outputs: list[Completion]
    prompt_token_ids: list[int] = field(default_factory=lambda: [1, 2, 3])


def pictures(turn):
    parts = [part["image_url"]["url"] for part in turn["content"] if part["type"] == "image_url"]
    return [Image.open(io.BytesIO(base64.b64decode(part.removeprefix("data:image/png;base64,")))) for part in parts]


def spelled(*tokens):
    """Return a completion of tokens, each with its probability and those of others."""
    ids = {text: number for number, text in enumerate(dict.fromkeys(text for token in tokens for text in token))}
    rows = [{ids[text]: Logprob(math.log(chance), 1, text) for text, chance in token.items()} for token in tokens]
    written = [next(iter(token)) for token in tokens]
    return Completion("".join(written[:-1]), [ids[text] for text in written], rows)


def test_a_case_is_a_chat_with_its_pictures_after_their_captions():
    system, user = conversation(CASE, VllmOptions())
    assert system == {"role": "system", "content": "You read ECGs."}
    assert [part["type"] for part in user["content"]] == ["text", "image_url", "text"]
    assert user["content"][0]["text"] == "A page\n"
    assert user["content"][-1]["text"] == "Read it."
    assert [one.size for one in pictures(user)] == [PAGE[0].size]


def test_a_worked_example_stands_before_the_question_with_its_answer():
    shot = Shot("Read that.", PAGE, ("Another page",), '{"rate": "normal"}')
    _, first, answered, last = conversation(replace(CASE, shots=(shot,)), VllmOptions())
    assert [part.get("text") for part in first["content"]] == ["Another page\n", None, "Read that."]
    assert answered == {"role": "assistant", "content": shot.answer}
    assert last == conversation(CASE, VllmOptions())[1]


def test_the_systems_words_come_before_the_users_for_a_template_without_a_system_turn():
    shot = Shot("Read that.", (), (), "{}")
    first, _, _ = conversation(replace(CASE, shots=(shot,)), VllmOptions(system="user"))
    assert first["role"] == "user"
    assert first["content"][0] == {"type": "text", "text": "You read ECGs.\n\n"}


def test_a_large_picture_is_scaled_down_and_the_reading_says_so():
    options = VllmOptions(max_pixels=100_000)
    (picture,) = pictures(conversation(CASE, options)[-1])
    assert 95_000 < math.prod(picture.size) <= 100_000
    reading = answer(Output([Completion("{}", [5])]), CASE, options, 0.5)
    assert reading.usage.px_per_mm == pytest.approx(PAGE[0].px_per_mm * picture.size[0] / PAGE[0].size[0], abs=0.02)


def test_sampling_is_greedy_and_each_case_and_repeat_has_its_own_seed():
    usual = sampling(CASE, VllmOptions())
    assert usual["temperature"] == 0
    assert usual["max_tokens"] == 1024
    assert usual["logprobs"] == 20
    assert sampling(CASE, VllmOptions()) == usual
    others = [replace(CASE, case_id="abd"), replace(CASE, repeat=1)]
    assert len({usual["seed"], *(sampling(one, VllmOptions())["seed"] for one in others)}) == 3
    assert sampling(CASE, VllmOptions(probabilities="off"))["logprobs"] is None


def test_a_schema_is_sent_where_it_is_asked_for():
    assert schema_of(CASE, VllmOptions()) is None
    assert schema_of(CASE, VllmOptions(structured="schema")) == SCHEMA


def test_an_answer_gives_values_and_the_probabilities_that_its_tokens_tell():
    case = Case("abc", images=PAGE, prompt=Prompt("?"))
    done = spelled(
        {'{"': 1.0},
        {"rate": 1.0},
        {'": "': 1.0},
        {"t": 0.7, "n": 0.25},
        {"achycardia": 1.0},
        {'"}': 1.0},
        {"<end>": 1.0},
    )
    reading = answer(Output([done]), case, VllmOptions(), 0.5)
    assert reading.values["rate"] == "tachycardia"
    assert reading.probabilities["rate"]["tachycardia"] == pytest.approx(0.7 / 0.95, abs=1e-6)
    assert reading.probabilities["rate"]["normal"] == pytest.approx(0.25 / 0.95, abs=1e-6)
    assert reading.partial == frozenset()
    assert (reading.usage.input_tokens, reading.usage.output_tokens, reading.usage.seconds) == (3, 7, 0.5)
    assert reading.usage.cost == 0
    without = answer(Output([done]), case, VllmOptions(probabilities="off"), 0.5)
    assert without.probabilities == {}


def test_an_answer_without_logprobs_has_no_probabilities():
    case = Case("abc", images=PAGE, prompt=Prompt("?"))
    reading = answer(Output([Completion('{"rate": "normal"}', [5, 6])]), case, VllmOptions(), 0.5)
    assert reading.values["rate"] == "normal"
    assert reading.probabilities == {}


@pytest.mark.parametrize(
    ("reason", "kind", "said"),
    [("length", "truncated", "--option max_tokens=N"), ("abort", "transport", "'abort'"), (None, "transport", "None")],
)
def test_an_answer_that_did_not_end_is_a_failure(reason, kind, said):
    reading = answer(Output([Completion('{"rate": ', [5], finish_reason=reason)]), CASE, VllmOptions(), 0.5)
    assert reading.error.kind == kind
    assert said in reading.error.message


def test_an_answer_tells_whether_it_follows_the_schema():
    options = VllmOptions(structured="schema")
    found = [answer(Output([Completion(text, [5])]), CASE, options, 0.5) for text in ('{"rate": "normal"}', "fast")]
    assert [reading.usage.follows_schema for reading in found] == [True, False]


def test_the_engine_gets_its_arguments_by_name():
    options = VllmOptions(engine='{"max_model_len": 16384}', tensor_parallel_size=2, remote_code="a/b")
    arguments = options.arguments("a/b")
    assert arguments["max_model_len"] == 16384
    assert arguments["tensor_parallel_size"] == 2
    assert arguments["trust_remote_code"] is True
    assert options.arguments("c/d")["trust_remote_code"] is False


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"engine": "[1]"}, "option engine"),
        ({"template_kwargs": "{"}, "option template_kwargs"),
        ({"engine": '{"trust_remote_code": true}'}, "option engine sets 'trust_remote_code'"),
        ({"tensor_parallel_size": "0"}, "tensor_parallel_size"),
    ],
)
def test_an_option_that_cannot_be_used_is_told_in_one_sentence(options, said):
    with pytest.raises(SettingError, match=said) as told:
        VllmReader("a/b", **options)
    assert "\n" not in str(told.value)


def test_a_reader_without_a_model_is_told():
    with pytest.raises(ReaderError, match="--reader vllm:MODEL"):
        VllmReader()


@pytest.mark.skipif(HAS_VLLM, reason="vllm is installed")
def test_vllm_that_is_not_installed_is_told_with_what_to_do():
    with pytest.raises(ReaderError, match=r"needs the package vllm.*environment of their own.*openai:MODEL"):
        VllmReader("google/gemma-3-4b-it")


def test_a_folder_without_weights_is_told(tmp_path):
    with pytest.raises(ReaderError, match="holds no"):
        model_version(str(tmp_path), "main")


@pytest.mark.skipif(not HAS_VLLM, reason="vllm is not installed: it pins torch and needs a GPU")
def test_vllm_takes_the_sampling_and_gives_what_is_read():
    from vllm import SamplingParams
    from vllm.logprobs import Logprob as Told
    from vllm.outputs import CompletionOutput, RequestOutput
    from vllm.sampling_params import StructuredOutputsParams

    settings = SamplingParams(
        **sampling(CASE, VllmOptions()), structured_outputs=StructuredOutputsParams(json=dict(SCHEMA))
    )
    assert settings.temperature == 0
    assert settings.structured_outputs.json == SCHEMA
    done = CompletionOutput(0, '{"rate": "normal"}', [7], -0.1, [{7: Told(-0.1, 1, '{"rate": "normal"}')}])
    done.finish_reason = "stop"
    output = RequestOutput("1", None, [1, 2], None, [done], finished=True)
    reading = answer(output, Case("abc", images=PAGE, prompt=Prompt("?")), VllmOptions(), 0.5)
    assert reading.values["rate"] == "normal"
    assert reading.probabilities["rate"]["normal"] > 0.9
