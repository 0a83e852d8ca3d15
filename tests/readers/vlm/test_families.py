"""The families that people ask about, each by its own processor: asked, held to the schema, scored, and measured."""

import json
import shutil
import subprocess
import sys

import pytest
import torch
from transformers.models.smolvlm import processing_smolvlm

from readers.registry import reader
from readers.vlm.cache import behind
from readers.vlm.generation import on_device, prompts_behind_thoughts
from readers.vlm.likelihood import value_probabilities
from taxonomy.error import ReaderError, StopReading
from taxonomy.reading import Failure, Reading
from taxonomy.target import BINARY
from taxonomy.writing import written

from ...tiny.family import FAMILIES, each_family, scripted

SEEN = {
    # 128 px long, both edges rounded up to tiles of 64 px; four tiles and the whole, of 4 tokens each.
    "SmolVLM": (128 / 265, 128 / 200, 20),
    "SmolVLM2": (128 / 265, 128 / 200, 20),
    "Idefics3": (128 / 265, 128 / 200, 20),
    # The shorter edge of 64 px, and the middle of the longer: the ends are lost.
    "LLaVA-1.5": (64 / 200, 64 / 200, 16),
    # A grid of 2 x 2 tiles of 64 px holds the page; padding has no tokens.
    "LLaVA-1.6-vicuna": (128 / 265, 128 / 265, 70),
    "LLaVA-1.6-mistral": (128 / 265, 128 / 265, 70),
    "LLaVA-OneVision": (128 / 265, 128 / 265, 70),
    # Some 168 x 168 px, both edges a multiple of 28, one token for each square of them.
    "Qwen2.5-VL": (168 / 265, 140 / 200, 30),
    "Qwen3-VL": (192 / 265, 160 / 200, 30),
    "Qwen3-VL-Thinking": (192 / 265, 160 / 200, 30),
    # Squeezed into a square of 64 px.
    "Gemma 3": (64 / 265, 64 / 200, 4),
    "MedGemma": (64 / 265, 64 / 200, 4),
    # 9 x 7 squares of 48 px, one token each.
    "Gemma 4": (432 / 265, 336 / 200, 63),
    # Four tiles and the whole, of 4 tokens each, between two marks.
    "InternVL": (128 / 265, 128 / 200, 22),
    # Four tiles, which are no part of the prompt.
    "Llama-3.2-Vision": (128 / 265, 128 / 265, None),
}
"""Pixels to a mm across and down, and tokens, of a page of 265 x 200 mm."""


def asked(folder, **options):
    return reader(f"hf:{folder}", {name: str(value) for name, value in options.items()})


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in each_family() if name != "Qwen3-VL-Thinking"])
def test_a_family_answers_within_the_schema_with_probabilities(family, cases, name):
    some = cases(2, form=BINARY)
    for reading in asked(family(name), structured="schema", max_tokens=40).read(some):
        assert reading.error is None and reading.values.keys() == {"normality"}
        assert sum(reading.probabilities["normality"].values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", each_family())
def test_a_family_answers_in_free_text(family, cases, name):
    (reading,) = asked(family(name), max_tokens=6, probabilities="off").read(cases(1))
    assert reading.error is not None and reading.error.kind in {"truncated", "unparseable"}
    assert reading.raw is not None and reading.usage.output_tokens


@pytest.mark.parametrize("name", each_family())
def test_what_a_family_sees_of_a_page_is_measured(family, cases, name):
    (case,) = cases(1)
    (page,) = asked(family(name)).each_seen(case.images)
    across, down, tokens = SEEN[name]
    assert (page.across, page.down) == pytest.approx((across, down), rel=0.015)
    assert page.tokens == tokens
    area = case.images[0].size[0] * case.images[0].size[1] / 9
    assert page.mm_per_token == (None if tokens is None else pytest.approx((area / tokens) ** 0.5))


@pytest.mark.parametrize("name", each_family())
def test_a_prompt_begins_once_holds_the_system_text_once_and_ends_where_the_answer_begins(family, cases, name):
    (case,) = cases(1)
    chat = asked(family(name))._chat
    tokenizer = chat.processor.tokenizer
    ids = chat.encode([case]).tensors["input_ids"][0].tolist()
    if (bos := FAMILIES[name].special.get("bos_token")) and FAMILIES[name].special["bos_token"] != "<|im_start|>":
        assert ids[0] == tokenizer.convert_tokens_to_ids(bos)
        assert ids.count(ids[0]) == 1
    text = tokenizer.decode(ids)
    assert text.count(case.prompt.system.strip()) == 1
    assert text.index(case.prompt.system.strip()) < text.index(case.prompt.text.strip()[:60])
    assert chat.turn_end == FAMILIES[name].end
    ends = [FAMILIES[name].end, FAMILIES[name].special["eos_token"], *FAMILIES[name].ends_by_generation]
    assert set(chat.stops) == set(tokenizer.convert_tokens_to_ids(ends))


@pytest.mark.parametrize("name", ["LLaVA-1.5", "Llama-3.2-Vision"])
def test_a_template_that_writes_no_first_token_gets_it_once(family, cases, tmp_path, name):
    """From the tokenizer, so that what follows is as it is in any text; or from a processor that adds it on its own."""
    folder = shutil.copytree(family(name), tmp_path / "begins")
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text().replace("{{ bos_token }}", ""))
    chat = asked(folder)._chat
    ids = chat.encode(cases(1)).tensors["input_ids"][0].tolist()
    bos = chat.processor.tokenizer.bos_token_id
    assert ids[0] == bos and ids.count(bos) == 1


def test_the_date_that_a_template_writes_is_the_same_every_day(family, cases):
    chat = asked(family("Llama-3.2-Vision"))._chat
    ids = chat.encode(cases(1)).tensors["input_ids"][0]
    assert "Today Date: 26 Jul 2024" in chat.processor.tokenizer.decode(ids)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_an_example_stands_before_the_question_with_its_pages(family, cases, name):
    (case,) = cases(1, shots=1, renderer="leads", px_per_mm=2)
    chat = asked(family(name))._chat
    made = chat.encode([case])
    text = chat.processor.tokenizer.decode(made.tensors["input_ids"][0])
    said = case.shots[0].answer[:40]
    assert text.count(said) == 1 and text.index(said) < text.rindex(case.prompt.text.strip()[-40:])
    (reading,) = asked(family(name), max_tokens=2, probabilities="off").read([case])
    assert reading.usage.input_tokens == made.tokens[0]


def plain_pass(vlm, prompts, text):
    """Return the log-probability of an answer behind one prompt, in one pass without a cache."""
    ids = torch.tensor([vlm.chat.answer(text, ends=False).ids])
    whole = behind(prompts.tensors, ids, torch.ones_like(ids))
    with torch.inference_mode():
        logits = vlm.model(**on_device(vlm, whole)).logits[0]
    start = prompts.tensors["input_ids"].shape[1]
    return logits[start - 1 : -1].log_softmax(dim=-1).gather(1, ids[0][:, None]).sum()


def chance_of_normal(vlm, prompts):
    texts = [written({"normality": value}, BINARY).until("normality") for value in ("normal", "abnormal")]
    return float(torch.stack([plain_pass(vlm, prompts, text) for text in texts]).softmax(dim=0)[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_probabilities_are_those_of_the_whole_text(family, cases, name):
    """One page beside twelve, so that the prompts of a batch differ in all that they hold."""
    (one,), (twelve,) = cases(1, form=BINARY, px_per_mm=2), cases(1, form=BINARY, px_per_mm=2, renderer="leads")
    vlm = asked(family(name)).loaded()
    found = value_probabilities(vlm, vlm.chat.encode([one, twelve]), [Reading(), Reading()], BINARY)
    for case, chances in zip((one, twelve), found, strict=True):
        expected = chance_of_normal(vlm, vlm.chat.encode([case]))
        assert chances["normality"]["normal"] == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize(
    "ending",
    [
        "{{ raise_exception('no answers here') if messages[-1].role == 'assistant' }}",
        "{% set messages = messages | rejectattr('role', 'equalto', 'assistant') | list %}",
    ],
    ids=["raises", "drops"],
)
def test_zero_shot_depends_on_no_ending_of_a_turn(gemma, cases, tmp_path, ending):
    folder = shutil.copytree(gemma, tmp_path / "endless")
    template = folder / "chat_template.jinja"
    template.write_text(ending + template.read_text())
    hf = asked(folder, structured="schema", max_tokens=60)
    (reading,) = hf.read(cases(1, form=BINARY))
    assert reading.error is None and reading.values.keys() == {"normality"}
    assert hf._chat.turn_end == "<eos>"


# --- models that think -----------------------------------------------------------------------------------------------

SAID, ANSWER = "the rate is normal, the axis too", '{"normality": "abnormal"}'
THINKERS = {
    "Qwen3-VL-Thinking": ({}, "", "\n</think>\n\n", "<|im_end|>"),
    "Gemma 4": ({"template_kwargs": '{"enable_thinking": true}'}, "<|channel>thought\n", "<channel|>", "<turn|>"),
}


@pytest.mark.parametrize("name", THINKERS)
def test_the_answer_is_read_behind_the_thought_which_is_kept(family, cases, tmp_path, name):
    options, opens, closes, end = THINKERS[name]
    folder = scripted(family(name), tmp_path / "thinks", f"{opens}{SAID}{closes}{ANSWER}{end}")
    (reading,) = asked(folder, max_tokens=80, **options).read(cases(1, form=BINARY))
    assert reading.error is None and reading.values == {"normality": "abnormal"}
    assert reading.raw == f"<think>\n{SAID}\n</think>\n\n{ANSWER}"
    assert reading.probabilities["normality"]


@pytest.mark.parametrize("name", THINKERS)
def test_a_thought_that_is_cut_off_is_a_truncated_reading(family, cases, tmp_path, name):
    options, opens, closes, _ = THINKERS[name]
    folder = scripted(family(name), tmp_path / "thinks", f"{opens}{SAID}{closes}{ANSWER}")
    for structured in ("text", "schema"):
        hf = asked(folder, max_tokens=5, structured=structured, **options)
        (reading,) = hf.read(cases(1, form=BINARY))
        assert reading.error is not None and reading.error.kind == "truncated"
        assert "cut off at 5 tokens" in reading.error.message and not reading.probabilities


@pytest.mark.parametrize("name", THINKERS)
def test_a_draft_in_a_thought_that_ends_with_the_turn_is_no_answer(family, cases, tmp_path, name):
    options, opens, _, end = THINKERS[name]
    folder = scripted(family(name), tmp_path / "drafts", f"{opens}Perhaps {ANSWER}{end}")
    (reading,) = asked(folder, max_tokens=80, **options).read(cases(1, form=BINARY))
    assert reading.error == Failure("truncated", "the thinking is not closed")
    assert reading.raw == f"<think>\nPerhaps {ANSWER}" and not reading.probabilities


def test_a_thought_of_a_model_that_is_told_not_to_think_is_seen(family, cases, tmp_path):
    folder = scripted(family("Gemma 4"), tmp_path / "drafts", f"<|channel>thought\n{ANSWER}<turn|>")
    (reading,) = asked(folder, max_tokens=80).read(cases(1, form=BINARY))
    assert reading.error == Failure("truncated", "the thinking is not closed")


@pytest.mark.parametrize("name", THINKERS)
def test_a_second_thought_is_no_part_of_the_answer(family, cases, tmp_path, name):
    options, opens, closes, end = THINKERS[name]
    again = '<think>No: {"normality": "normal"}</think>'
    if name == "Gemma 4":
        again = again.replace("<think>", "<|channel>thought\n").replace("</think>", "<channel|>")
    folder = scripted(family(name), tmp_path / "doubts", f"{opens}Yes{closes}{ANSWER}{again}{end}")
    (reading,) = asked(folder, max_tokens=80, **options).read(cases(1, form=BINARY))
    assert reading.error is None and reading.values == {"normality": "abnormal"}
    assert reading.raw == f'<think>\nYes\n\nNo: {{"normality": "normal"}}\n</think>\n\n{ANSWER}'


@pytest.mark.parametrize("name", THINKERS)
def test_the_schema_holds_from_behind_the_thought(family, cases, tmp_path, name):
    options, opens, closes, _ = THINKERS[name]
    folder = scripted(family(name), tmp_path / "thinks", f"{opens}{SAID}{closes}{SAID}")
    hf = asked(folder, structured="schema", max_tokens=80, **options)
    for reading in hf.read(cases(2, form=BINARY)):
        assert reading.error is None and reading.values.keys() == {"normality"}
        thought, _, answer = (reading.raw or "").partition("\n</think>\n\n")
        assert thought == f"<think>\n{SAID}"
        assert json.loads(answer).keys() == {"normality"}


@pytest.mark.slow
@pytest.mark.parametrize("name", THINKERS)
def test_within_the_schema_a_turn_does_not_end_before_its_answer(family, cases, tmp_path, name):
    options, opens, _, end = THINKERS[name]
    folder = scripted(family(name), tmp_path / "ends", f"{opens}{SAID}{end}")
    free, held = (
        next(iter(asked(folder, structured=structured, max_tokens=40, **options).read(cases(1, form=BINARY))))
        for structured in ("text", "schema")
    )
    assert free.usage.output_tokens < held.usage.output_tokens


def test_a_model_that_may_think_may_also_answer_at_once(family, cases, tmp_path):
    folder = scripted(family("Gemma 4"), tmp_path / "answers", ANSWER)
    options = {"template_kwargs": '{"enable_thinking": true}', "structured": "schema", "max_tokens": 60}
    (reading,) = asked(folder, **options).read(cases(1, form=BINARY))
    assert reading.raw == ANSWER and reading.values == {"normality": "abnormal"}


@pytest.mark.parametrize("name", THINKERS)
def test_probabilities_stand_behind_the_thought_of_each_answer(family, cases, tmp_path, name):
    from readers.vlm.generation import generate

    options, opens, closes, end = THINKERS[name]
    folder = scripted(family(name), tmp_path / "thinks", f"{opens}{SAID}{closes}{ANSWER}{end}")
    vlm = asked(folder, max_tokens=80, **options).loaded()
    prompts = vlm.chat.encode(cases(1, form=BINARY))
    (answer,) = generate(vlm, prompts, [None], 0)
    thought = prompts_behind_thoughts(vlm, prompts, [answer])
    text = vlm.chat.processor.tokenizer.decode(thought.tensors["input_ids"][0])
    assert text.endswith(f"{opens}{SAID}{closes}")
    (found,) = value_probabilities(vlm, thought, [Reading()], BINARY)
    (without,) = value_probabilities(vlm, prompts, [Reading()], BINARY)
    assert found["normality"]["normal"] == pytest.approx(chance_of_normal(vlm, thought), abs=1e-4)
    assert found != without


def test_prompts_of_other_lengths_are_filled_up_on_the_left(family, cases):
    vlm = asked(family("Qwen3-VL-Thinking")).loaded()
    prompts = vlm.chat.encode(cases(2, form=BINARY))
    more = prompts.continued([[5, 6, 7], [8]], vlm.chat.pad)
    ids, mask = more.tensors["input_ids"], more.tensors["attention_mask"]
    assert ids[0, -3:].tolist() == [5, 6, 7] and ids[1, -1].tolist() == 8
    assert mask.sum(dim=1).tolist() == list(more.tokens) == [prompts.tokens[0] + 3, prompts.tokens[1] + 1]
    assert mask[1, :2].tolist() == [0, 0] and ids[1, :2].tolist() == [vlm.chat.pad] * 2


# --- bad input -------------------------------------------------------------------------------------------------------


def test_a_processor_that_lacks_a_package_names_it(family, monkeypatch):
    monkeypatch.setattr(processing_smolvlm, "num2words", None)
    with pytest.raises(ReaderError, match=r"^the processor of .* needs what is not installed: pip install num2words$"):
        asked(family("SmolVLM2"))


def test_a_template_that_loses_the_question_stops_the_run(gemma, cases, tmp_path):
    """The template leaves the question out where there is a system turn, and its image with it."""
    folder = shutil.copytree(gemma, tmp_path / "imageless")
    template = folder / "chat_template.jinja"
    template.write_text("{% set messages = messages[:1] %}" + template.read_text())
    with pytest.raises(
        StopReading, match=r"^the model's chat template is at fault: it leaves out the (question|caption of an image);"
    ):
        list(asked(folder).read(cases(1)))


@pytest.mark.slow
def test_without_torchvision_it_is_named(family):
    script = (
        "import importlib.util, sys\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name == 'torchvision' else find(name, *more)\n"
        "from readers.registry import reader\n"
        f"reader('hf:{family('Qwen3-VL')}')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr.strip().endswith("needs what is not installed: pip install torchvision")


def test_template_kwargs_are_an_object(family):
    from taxonomy.error import SettingError

    with pytest.raises(SettingError, match="option template_kwargs"):
        asked(family("Gemma 4"), template_kwargs="[]")
