"""Qwen3-VL's model class under our scoring, teaching and probing: positions in three dimensions, loose patches."""

from types import SimpleNamespace

import pytest
import torch

from readers.vlm.cache import behind
from readers.vlm.chat import Encoded
from readers.vlm.continuation import Grown, continuations
from readers.vlm.encoder import ImageEncoder
from readers.vlm.likelihood import Prefix
from readers.vlm.loading import names_of_transformers_5
from renderers import PageStyle, render

from ...tiny import qwen


class Words:
    """Answers of letters, one token each; what a chat gives that :class:`Prefix` asks for."""

    pad = qwen.PAD

    def answer(self, text, ends=True):
        return SimpleNamespace(ids=tuple(20 + ord(char) % 100 for char in text))


@pytest.fixture(scope="module")
def case(population):
    signal = next(iter(population)).signal()
    style = PageStyle(px_per_mm=2)
    one, twelve = ([image.rgb() for image in render(signal.mv, signal.fs, name, style)] for name in ("clean", "leads"))
    return qwen.inputs([one, twelve[:3]], [[30, 31, 32], [33]])


@pytest.fixture(scope="module")
def vlm():
    model = qwen.model()
    return SimpleNamespace(model=model, device=torch.device("cpu"), chat=Words())


def whole_pass(vlm, tensors, row, text):
    """Return the log-probability of a text's tokens behind one prompt, alone and without a cache."""
    grid = tensors["image_grid_thw"]
    rows = grid.prod(dim=1)
    own = slice(0, 1) if row == 0 else slice(1, 4)
    pixels = tensors["pixel_values"][rows[: own.start].sum() : rows[: own.stop].sum()]
    kept = tensors["attention_mask"][row].bool()
    prompt = {name: tensors[name][row : row + 1, kept] for name in ("input_ids", "attention_mask", "mm_token_type_ids")}
    ids = torch.tensor([vlm.chat.answer(text).ids])
    batch = behind(prompt, ids, torch.ones_like(ids))
    vlm.model.model.rope_deltas = None
    with torch.inference_mode():
        logits = vlm.model(**batch, pixel_values=pixels, image_grid_thw=grid[own]).logits[0]
    chances = logits[prompt["input_ids"].shape[1] - 1 : -1].log_softmax(dim=-1)
    return chances.gather(1, ids[0][:, None])[:, 0]


def test_scores_behind_a_kept_prompt_are_those_of_a_whole_pass(vlm, case):
    """Positions go on where the pictures of each row end, for every answer that is scored."""
    vlm.model.model.rope_deltas = None
    prefix = Prefix(vlm, Encoded(case, (0, 0), (None, None)))
    texts = {"sinus": "rhythm sinus", "paced": "rhythm paced", "flutter": "rhythm flutter"}
    choices = [SimpleNamespace(texts=texts, neutral="rhythm p"), SimpleNamespace(texts=texts, neutral="rhythm p")]
    scores = prefix.scores(choices)
    for row in (0, 1):
        for value, text in texts.items():
            expected = float(whole_pass(vlm, case, row, text)[7:].sum())
            assert scores[row][value] == pytest.approx(expected, abs=1e-3)


def test_positions_go_on_from_axis_to_axis_whatever_each_row_has_said(vlm, case):
    """The second row says more than the first, then takes some of it back."""
    tensors, behind = {**case}, continuations(vlm, Encoded(case, (0, 0), (None, None)))
    assert isinstance(behind, Grown)
    for texts, shared in (
        ((("rate low", "rate high"), ("a long story, rate low", "a long story, rate high")), (5, 19)),
        ((("rate high, axis left", "rate high, axis right"), ("a long sinus", "a long paced")), (16, 7)),
        ((("at", "rate"), ("a long s", "a long sinus")), (0, 8)),
    ):
        rows = [[vlm.chat.answer(text).ids for text in of_case] for of_case in texts]
        found = behind.scores(rows, shared)
        for row, of_case in enumerate(texts):
            expected = [float(whole_pass(vlm, tensors, row, text)[shared[row] :].sum()) for text in of_case]
            assert found[row] == pytest.approx(expected, abs=1e-3)


def test_prompts_without_an_image_have_positions_too(vlm):
    ids = torch.tensor([[30, 31, 32, 33], [qwen.PAD, qwen.PAD, 34, 35]])
    prompts = {"input_ids": ids, "attention_mask": (ids != qwen.PAD).long(), "mm_token_type_ids": torch.zeros_like(ids)}
    behind = continuations(vlm, Encoded(prompts, (4, 2), (None, None)))
    rows = [[(50, 51, 52), (50, 53)], [(50, 51, 52), (50, 53)]]
    found = behind.scores(rows, [1, 1])
    for case, said in enumerate(([30, 31, 32, 33], [34, 35])):
        for value, answer in enumerate(rows[case]):
            with torch.inference_mode():
                logits = vlm.model(input_ids=torch.tensor([[*said, *answer]])).logits[0, -len(answer) - 1 : -1]
            chances = logits.log_softmax(dim=-1).gather(1, torch.tensor(answer)[:, None])
            assert found[case][value] == pytest.approx(float(chances[1:].sum()), abs=1e-4)


def test_it_writes_in_batches_what_it_writes_alone(vlm, case):
    vlm.model.model.rope_deltas = None
    with torch.inference_mode():
        both = vlm.model.generate(**case, max_new_tokens=6, do_sample=False, pad_token_id=qwen.PAD)
    rows = case["image_grid_thw"].prod(dim=1)
    kept = case["attention_mask"][1].bool()
    alone = {name: case[name][1:2, kept] for name in ("input_ids", "attention_mask", "mm_token_type_ids")}
    with torch.inference_mode():
        one = vlm.model.generate(
            **alone, pixel_values=case["pixel_values"][rows[0] :], image_grid_thw=case["image_grid_thw"][1:],
            max_new_tokens=6, do_sample=False, pad_token_id=qwen.PAD,
        )  # fmt: skip
    assert both[1, case["input_ids"].shape[1] :].tolist() == one[0, kept.sum() :].tolist()


@pytest.mark.slow
def test_an_adapter_learns_an_answer(vlm, case):
    from peft import LoraConfig, get_peft_model

    with names_of_transformers_5():
        model = get_peft_model(qwen.model(), LoraConfig(r=8, target_modules="all-linear", task_type="CAUSAL_LM"))
    ids = torch.tensor([[50, 51, qwen.EOS], [60, 61, qwen.EOS]])
    batch = behind(case, ids, torch.ones_like(ids))
    labels = torch.cat([torch.full(case["input_ids"].shape, -100), ids], dim=1)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=5e-3)
    losses = []
    for _ in range(12):
        loss = model(**batch, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] - 0.5


def test_the_probe_finds_its_encoder(vlm, case):
    source = SimpleNamespace(shown="qwen")
    encoder = ImageEncoder.of(SimpleNamespace(model=vlm.model, source=source, device=vlm.device))
    assert encoder.name == "model.visual"
    features = encoder.features(case)
    assert {name: len(row) for name, row in features.items()} == {"encoder": 384, "projected": 768, "random": 384}
