"""The gradient of an open model's own scoring: of the right score, right in itself, and refused where it is none."""

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from readers.open_page import OpenPageReader
from readers.registry import reader
from readers.torch_reader import TorchReader
from readers.vlm.adapter import LoraReader
from readers.vlm.image_token import LAYOUTS, PIXELS
from readers.vlm.likelihood import value_probabilities
from readers.vlm.loading import names_of_transformers_5
from readers.vlm.pixel_gradient import VlmPages, _gradient, _prompts
from renderers import LEADS, PageStyle, blank
from taxonomy.axis import axis_named
from taxonomy.error import ReaderError, UnknownNameError
from taxonomy.parsing import parse
from taxonomy.reading import Reading
from taxonomy.target import BINARY, DENSE, SPARSE

from ...tiny.family import FAMILIES, each_family

UNPLACED = ("Gemma 4", "Llama-3.2-Vision")
PLACED = [name for name in each_family() if name not in UNPLACED]
ABNORMAL = ("normality", "abnormal")


def asked(folder, **options):
    return reader(f"hf:{folder}", {name: str(value) for name, value in options.items()})


@pytest.fixture(scope="module")
def pages(gemma):
    return VlmPages("gemma", asked(gemma).loaded())


def logit(chance):
    return math.log(chance / (1 - chance))


def bare_of(case):
    (image,) = case.images
    return replace(case, images=blank("printed", PageStyle(px_per_mm=image.px_per_mm)))


@pytest.mark.parametrize("name", PLACED)
def test_what_is_explained_is_the_log_odds_of_the_reader_s_own_probability(family, cases, name):
    (case,) = cases(1, form=BINARY)
    pages = VlmPages(name, asked(family(name)).loaded())
    found = pages.page_relevance(case, *ABNORMAL)
    (chances,) = value_probabilities(pages.vlm, _prompts(pages.vlm.chat, [case]), [Reading()], BINARY)
    assert found.score == pytest.approx(logit(chances["normality"]["abnormal"]), rel=1e-4, abs=1e-4)
    found_at = found.map()
    assert np.isfinite(found_at.relevance).all() and found_at.relevance.any()
    assert 0 <= found_at.off_trace < 0.5


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in UNPLACED])
def test_the_gradient_is_that_of_the_score(family, cases, name):
    """Along its own direction, in which the score changes most, by differences in double precision."""
    (case,) = cases(1, form=BINARY)
    vlm = asked(family(name)).loaded()
    vlm = replace(vlm, model=copy.deepcopy(vlm.model).double())
    prompts = _prompts(vlm.chat, [case])

    def at(pixels):
        return _gradient(
            vlm, replace(prompts, tensors={**prompts.tensors, PIXELS: pixels}), Reading(), BINARY, ABNORMAL
        )

    pixels = prompts.tensors[PIXELS].float()
    _, gradient = at(pixels)
    direction = torch.from_numpy(gradient)
    step = 0.01 * direction / direction.abs().max()
    (more, _), (less, _) = at(pixels + step), at(pixels - step)
    expected = float((direction * step).sum(dtype=torch.float64))
    assert more - less == pytest.approx(2 * expected, rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("form", [DENSE, SPARSE], ids=lambda form: form.name)
def test_every_axis_is_scored_as_the_reader_scores_it(pages, cases, form):
    """Behind its own values where it said any: axes of one value, of a set, and what is left in a sparse answer."""
    (case,) = cases(1, form=form)
    own = parse('{"rate": "tachycardia", "rhythm": "atrial_fibrillation"}', form)
    (chances,) = value_probabilities(pages.vlm, pages.vlm.chat.encode([case]), [own], form)
    for axis in form.axes:
        for value in list(axis_named(axis).values)[:2]:
            chance = chances[axis][value]
            if 1e-4 < chance < 1 - 1e-4:
                assert pages.page_relevance(case, axis, value, own).score == pytest.approx(logit(chance), abs=0.02)


def test_relevance_is_the_gradient_times_the_pixels_or_times_what_the_traces_change(pages, cases):
    (case,) = cases(1, form=BINARY)
    bare, prompts = bare_of(case), _prompts(pages.vlm.chat, [case])
    _, gradient = _gradient(pages.vlm, prompts, Reading(), BINARY, ABNORMAL)
    pixels = [prompts.tensors[PIXELS].numpy(), _prompts(pages.vlm.chat, [bare]).tensors[PIXELS].numpy()]
    (whole,), (ink,) = (
        pages.page_relevance(case, *ABNORMAL).grids,
        pages.page_relevance(case, *ABNORMAL, bare=bare).grids,
    )
    assert whole.relevance.sum() == pytest.approx((gradient * pixels[0]).sum(), rel=1e-3)
    assert ink.relevance.sum() == pytest.approx((gradient * (pixels[0] - pixels[1])).sum(), rel=1e-3)
    corner = (gradient * pixels[0])[0, :, :32, 32:].sum()
    assert whole.relevance[0, 1] == pytest.approx(corner, rel=1e-3)
    assert (pages.page_ink(case, bare).grids[0].relevance >= 0).all()


def test_the_score_of_several_pages_is_that_of_each(pages, cases):
    some = cases(3, form=BINARY)
    found = pages.log_odds(some, *ABNORMAL)
    assert found.tolist() == pytest.approx([pages.page_relevance(case, *ABNORMAL).score for case in some], abs=1e-4)
    assert len(set(found.tolist())) == 3


def test_an_answer_that_was_not_given_is_asked_for(gemma, cases):
    (case,) = cases(1, form=BINARY)
    hf = asked(gemma, structured="schema", max_tokens=40)
    (own,) = hf.read([case])
    assert hf.page_relevance(case, *ABNORMAL).score == hf.page_relevance(case, *ABNORMAL, own).score


def test_weights_may_learn_again_when_it_is_done(pages, cases):
    before = [weight.requires_grad for weight in pages.vlm.model.parameters()]
    pages.page_relevance(*cases(1, form=BINARY), *ABNORMAL)
    assert [weight.requires_grad for weight in pages.vlm.model.parameters()] == before
    assert all(weight.grad is None for weight in pages.vlm.model.parameters())


def test_a_model_with_an_adapter_is_explained_as_the_model_that_it_is(pages, cases):
    """An adapter that has learned nothing changes nothing; one that says something else changes the map."""
    from peft import LoraConfig, get_peft_model

    (case,) = cases(1, form=BINARY)
    with names_of_transformers_5():
        lora = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
        adapted = VlmPages(
            "lora", replace(pages.vlm, model=get_peft_model(copy.deepcopy(pages.vlm.model), lora).eval())
        )
    found, base = adapted.page_relevance(case, *ABNORMAL), pages.page_relevance(case, *ABNORMAL)
    assert found.score == pytest.approx(base.score, abs=1e-5)
    assert found.grids[0].relevance == pytest.approx(base.grids[0].relevance, abs=1e-6)
    other = adapted.randomised(0).page_relevance(case, *ABNORMAL)
    assert np.abs(other.grids[0].relevance - base.grids[0].relevance).max() > 1e-6


def test_random_weights_are_those_of_a_seed_and_leave_the_model_alone(pages, cases):
    (case,) = cases(1, form=BINARY)
    own = {name: weight.clone() for name, weight in pages.vlm.model.named_parameters()}
    maps = [pages.randomised(seed).page_relevance(case, *ABNORMAL).map().relevance for seed in (1, 1, 2)]
    assert np.array_equal(maps[0], maps[1]) and not np.array_equal(maps[0], maps[2])
    assert all(torch.equal(weight, own[name]) for name, weight in pages.vlm.model.named_parameters())
    other = dict(pages.randomised(1).vlm.model.named_parameters())
    for name, weight in own.items():
        assert torch.equal(other[name].flatten().sort().values, weight.flatten().sort().values)
    assert sum(not torch.equal(other[name], weight) for name, weight in own.items()) > len(own) / 2


def test_open_models_let_their_pages_be_explained_and_networks_of_leads_do_not(gemma):
    assert isinstance(asked(gemma), OpenPageReader)
    assert issubclass(LoraReader, OpenPageReader)
    network = TorchReader(torch.nn.Linear(1, 1).eval(), {"rhythm": ("sinus",)}, fs=100)
    assert not isinstance(network, OpenPageReader)


def test_every_family_that_is_placed_is_tried_here():
    tried = set(FAMILIES) - set(UNPLACED)
    kinds = {"SmolVLM": "idefics3", "SmolVLM2": "smolvlm", "LLaVA-1.5": "llava", "LLaVA-1.6-vicuna": "llava_next"}
    kinds |= {"LLaVA-OneVision": "llava_onevision", "Qwen2.5-VL": "qwen2_5_vl", "Qwen3-VL": "qwen3_vl"}
    kinds |= {"Gemma 3": "gemma3", "InternVL": "internvl"}
    assert tried >= set(kinds) and set(kinds.values()) == set(LAYOUTS)


# --- bad input -------------------------------------------------------------------------------------------------------


def test_a_model_in_training_mode_is_one_sentence(pages, cases):
    training = replace(pages.vlm, model=copy.deepcopy(pages.vlm.model).train())
    with pytest.raises(ReaderError, match=r"^the model is in training mode: call its eval\(\) before it is explained$"):
        VlmPages("gemma", training).page_relevance(*cases(1, form=BINARY), *ABNORMAL)


def test_logits_that_are_not_finite_are_one_sentence(pages, cases):
    broken = replace(pages.vlm, model=copy.deepcopy(pages.vlm.model))
    broken.model.get_output_embeddings().weight.data[:] = float("nan")
    with pytest.raises(ReaderError, match=r"^the model 'gemma' gives a logit that is not finite$"):
        VlmPages("gemma", broken).page_relevance(*cases(1, form=BINARY), *ABNORMAL)


def test_a_target_that_is_not_asked_for_is_named(pages, cases):
    (case,) = cases(1, form=BINARY)
    with pytest.raises(UnknownNameError, match="axis of the format binary"):
        pages.page_relevance(case, "conduction", "lbbb")
    with pytest.raises(UnknownNameError, match="Did you mean 'abnormal'"):
        pages.page_relevance(case, "normality", "abnormel")


def test_quantised_weights_cannot_be_drawn_at_random(pages):
    quantised = replace(pages.vlm, options=replace(pages.vlm.options, quantization="4bit"))
    with pytest.raises(ReaderError, match=r"^the weights of 'gemma' are quantised or on several devices"):
        VlmPages("gemma", quantised).randomised(0)


def test_a_family_that_is_not_placed_is_one_sentence_before_it_is_asked(family, cases):
    pages = VlmPages("llama", asked(family("Llama-3.2-Vision")).loaded())
    with pytest.raises(ReaderError, match=r"explain it as a black box, by hiding leads or segments$"):
        pages.page_relevance(*cases(1, form=BINARY), *ABNORMAL)


def test_leads_are_in_the_order_of_signals(pages, cases):
    found = pages.page_relevance(*cases(1, form=BINARY), *ABNORMAL).map()
    assert found.relevance.shape == (len(LEADS), 1000)
