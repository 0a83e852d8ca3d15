"""Answers that share their prompt and beginning, against each whole text alone: without a cache, padding or batch."""

from types import SimpleNamespace

import pytest
import torch

from readers.vlm import continuation
from readers.vlm.cache import new_cache
from readers.vlm.chat import Encoded
from readers.vlm.continuation import Grown, Whole, continuations

from ...tiny import families

STEPS = [
    # rows of each case, and how many tokens they share: (case, rows, shared)
    ([[(5, 6, 7), (5, 6, 8, 9)], [(5, 7, 7, 7, 7, 7, 7), (5, 7, 7, 7, 7, 8, 9)]], [2, 5]),
    # both go on, the first by much more than the second
    ([[(5, 6, 8, *range(20, 50), 3), (5, 6, 8, *range(20, 50), 4, 6, 7)], [(5, 7, 7, 7, 7, 8, 3), (5, 7, 7, 7, 7, 8)]],
     [33, 6]),
    # the first begins anew, as where a tokenizer joins what it had parted; the second stays where it is
    ([[(5, 11, 12), (5, 13)], [(5, 7, 7, 7, 7, 8, 9, 9), (5, 7, 7, 7, 7, 8, 10)]], [1, 6]),
    # nothing is shared by the first, and the second is cut within
    ([[(21, 22, 23), (31,)], [(5, 7, 7, 20), (5, 7, 7, 21, 22, 23, 24)]], [0, 3]),
]  # fmt: skip


def of(model):
    return SimpleNamespace(model=model, device=torch.device("cpu"), chat=SimpleNamespace(pad=families.PAD))


def prompts(images=()):
    """Return two prompts, the shorter filled up on the left; both with an image at the given places."""
    torch.manual_seed(1)
    ids = torch.randint(3, 100, (2, 31))
    ids[:, 8 : 8 + len(images)] = families.IMAGE
    mask = torch.ones_like(ids)
    mask[1, :7] = 0
    ids[1, :7] = families.PAD
    return {"input_ids": ids, "attention_mask": mask}


def gemma_inputs():
    made = prompts(images=range(4))
    return made | {
        "token_type_ids": (made["input_ids"] == families.IMAGE).long(),
        "pixel_values": torch.randn(2, 3, 28, 28),
    }


def mllama_inputs():
    made = prompts(images=range(1))
    seen = (torch.arange(31) >= 8).long()[None, :, None, None].expand(2, 31, 1, 1)
    return made | {
        "pixel_values": torch.randn(2, 1, 1, 3, 28, 28),
        "aspect_ratio_ids": torch.ones(2, 1, dtype=torch.long),
        "aspect_ratio_mask": torch.ones(2, 1, 1, dtype=torch.long),
        "cross_attention_mask": seen,
    }


def alone(model, tensors, case, answer, shared):
    """Return the log-likelihood of an answer's tokens that are not shared, of one text in one plain pass."""
    kept, length = tensors["attention_mask"][case].bool(), len(answer)
    text = torch.tensor([[*tensors["input_ids"][case, kept].tolist(), *answer]])
    batch = {"input_ids": text, "attention_mask": torch.ones_like(text)}
    if "token_type_ids" in tensors:
        batch["token_type_ids"] = (text == families.IMAGE).long()
    for name in {"pixel_values", "aspect_ratio_ids", "aspect_ratio_mask"} & tensors.keys():
        batch[name] = tensors[name][case : case + 1]
    if "cross_attention_mask" in tensors:
        seen = tensors["cross_attention_mask"][case : case + 1, kept]
        batch["cross_attention_mask"] = torch.cat([seen, seen[:, -1:].expand(-1, length, -1, -1)], dim=1)
    with torch.inference_mode():
        chances = model(**batch, use_cache=False).logits[0, -length - 1 : -1].log_softmax(dim=-1)
    return float(chances.gather(1, torch.tensor(answer)[:, None])[shared:].sum())


FAMILIES = {
    "a window wider than the text": (lambda: families.gemma(200), gemma_inputs, Grown),
    "a window narrower than the prompt": (lambda: families.gemma(16), gemma_inputs, Grown),
    "a window that the answer fills": (lambda: families.gemma(40), gemma_inputs, Grown),
    "cross-attention to images": (families.mllama, mllama_inputs, Grown),
    "keys shared by layers": (families.gemma4, prompts, Grown),
    "convolutions": (families.lfm2, prompts, Whole),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("at_once", [continuation.TOKENS_AT_ONCE, 1])
def test_the_likelihood_is_that_of_each_whole_text_alone(family, at_once, monkeypatch):
    build, inputs, kind = FAMILIES[family]
    model, tensors = build(), inputs()
    monkeypatch.setattr(continuation, "TOKENS_AT_ONCE", at_once)
    behind = continuations(of(model), Encoded(tensors, (), ()))
    assert type(behind) is kind
    for rows, shared in STEPS:
        found = behind.scores(rows, shared)
        for case, answers in enumerate(rows):
            expected = [alone(model, tensors, case, answer, shared[case]) for answer in answers]
            assert found[case] == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_feeding_all_anew_gives_the_same(family):
    build, inputs, _ = FAMILIES[family]
    model, tensors = build(), inputs()
    every = Whole(of(model), Encoded(tensors, (), ()))
    for rows, shared in STEPS:
        for case, found in enumerate(every.scores(rows, shared)):
            expected = [alone(model, tensors, case, answer, shared[case]) for answer in rows[case]]
            assert found == pytest.approx(expected, abs=2e-5)


def test_no_token_is_fed_twice_and_no_rows_beyond_the_bound_together(monkeypatch):
    model, tensors, fed = families.gemma(16), gemma_inputs(), []
    behind = continuations(of(model), Encoded(tensors, (), ()))
    model.register_forward_pre_hook(
        lambda module, args, given: fed.append((tuple(given["input_ids"].shape), given["attention_mask"].numel())),
        with_kwargs=True,
    )
    monkeypatch.setattr(continuation, "TOKENS_AT_ONCE", 80)
    one = (5, 6, 7, 8)
    behind.scores([[(*one, n, 9, 9) for n in (10, 11, 12)], [(*one, n, 9) for n in (10, 11, 12)]], [4, 4])
    assert [shape for shape, _ in fed] == [(2, 4), (2, 1), (2, 2), (2, 2)]
    assert all(places <= 80 for _, places in fed)
    fed.clear()
    behind.scores([[(*one, 10, 9, 3), (*one, 10, 9, 4)], [(*one, 10, 9, 3), (*one, 10, 9, 4)]], [6, 6])
    assert [shape for shape, _ in fed] == [(2, 2)]


def test_models_whose_cache_cannot_be_cut_have_none():
    hybrid, sliding = families.lfm2(), families.gemma(16)
    assert new_cache(hybrid) is None
    assert new_cache(sliding) is not None
    sliding.config.text_config.layer_types = ["chunked_attention"] * 3
    assert new_cache(sliding) is None
    own = type("Own", (type(families.gemma(16)),), {"__module__": "transformers_modules.own"})
    assert new_cache(own(families.gemma(16).config)) is None
