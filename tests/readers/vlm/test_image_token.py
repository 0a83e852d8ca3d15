"""Ink at a known lead and time is found there again, by the tokens of each family at its published size."""

from dataclasses import replace

import numpy as np
import pytest

from readers.contract import Case, Prompt, Shot
from readers.registry import reader
from renderers import LEADS, PageStyle, blank
from taxonomy.error import ReaderError

from ...tiny.published import published

PX = 6
SIZES = {
    "SmolVLM": ["0.29 s x 0.55 mV", "1.16 s x 2.19 mV"],
    "SmolVLM2": ["0.29 s x 0.55 mV", "1.16 s x 2.19 mV"],
    "Idefics3": ["0.20 s x 0.38 mV", "0.82 s x 1.54 mV"],
    "LLaVA-1.5": ["0.33 s x 0.83 mV"],
    "LLaVA-1.6-mistral": ["0.22 s x 0.55 mV", "0.44 s x 0.83 mV"],
    "LLaVA-OneVision": ["0.11 s x 0.28 mV", "0.39 s x 0.73 mV"],
    "Qwen2.5-VL": ["0.19 s x 0.47 mV"],
    "Qwen3-VL": ["0.21 s x 0.53 mV"],
    "Gemma 3": ["0.66 s x 1.25 mV"],
    "InternVL": ["0.17 s x 0.42 mV", "0.66 s x 1.25 mV"],
}
FAST = ("LLaVA-1.5", "Gemma 3")
FAMILIES = [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in SIZES]
MARKS = (("aVR", 3.75), ("V2", 6.25), ("aVF", 3.6), ("II", 1.3))
"""Lead and time of marks that every model sees, those that take the middle of a page too, a token from other leads."""


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    root = tmp_path_factory.mktemp("published")
    return lambda name: reader(f"hf:{published(name, root)}")


def with_mark(image, lead, at, mm=4.0):
    """Return a picture with a square of ink on the baseline of a lead at a time, on its first strip."""
    strip = next(strip for strip in image.strips if strip.lead == lead)
    x, half = strip.x_mm + (at - strip.start_s) * image.mm_per_s, mm / 2
    left, right, top, bottom = (
        round(edge * image.px_per_mm)
        for edge in (x - half, x + half, strip.baseline_mm - half, strip.baseline_mm + half)
    )
    indices = image.indices.copy()
    indices[top:bottom, left:right] = min(15, len(image.palette) - 1)
    return replace(image, indices=indices)


def case(images, shots=()):
    return Case("one", images=tuple(images), prompt=Prompt("Read this ECG.", captions=("",) * len(images)), shots=shots)


@pytest.mark.parametrize("name", FAMILIES)
def test_ink_is_found_where_it_was_put(asked, name):
    model, (bare,) = asked(name), blank("printed", PageStyle(px_per_mm=PX))
    for lead, at in MARKS:
        found = model.page_ink(case([with_mark(bare, lead, at)]), case([bare]))
        assert [str(size) for size in found.token_sizes] == SIZES[name]
        for size in found.token_sizes:
            one = replace(found, grids=tuple(grid for grid in found.grids if found._size(grid).is_like(size)))
            found_at = one.map(fs=100.0)
            row, begin, end = LEADS.index(lead), at - 0.08 - size.seconds, at + 0.08 + size.seconds
            near = found_at.relevance[row, round(begin * 100) : round(end * 100) + 1].sum()
            assert near / found_at.relevance.sum() > 0.95, (lead, size)
            best = np.unravel_index(int(np.argmax(found_at.relevance)), found_at.relevance.shape)
            assert best[0] == row and begin <= best[1] / 100 <= end
            assert found_at.off_trace < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Qwen3-VL", "SmolVLM", "LLaVA-OneVision", "Gemma 3"])
def test_ink_is_found_on_the_picture_of_its_lead(asked, name):
    bare = blank("leads", PageStyle(px_per_mm=3))
    inked = [with_mark(image, "V3", 7.0) if image.leads == ("V3",) else image for image in bare]
    found = asked(name).page_ink(case(inked), case(bare)).map()
    assert {LEADS[row] for row in np.nonzero(found.relevance.sum(axis=1) > 1e-3 * found.relevance.sum())[0]} == {"V3"}
    weights = found.relevance[LEADS.index("V3")]
    assert (weights * np.arange(1000)).sum() / weights.sum() == pytest.approx(700, abs=40)


def test_the_ends_of_a_page_that_a_model_does_not_see_are_told(asked):
    (bare,) = blank("printed", PageStyle(px_per_mm=PX))
    found = asked("LLaVA-1.5").page_ink(case([with_mark(bare, "V6", 9.8)]), case([bare]))
    assert all(not grid.relevance.any() for grid in found.grids)
    assert found.map().unseen == pytest.approx(0.18, abs=0.01)


def test_ink_in_the_pictures_of_examples_is_told_apart(asked):
    (bare,) = blank("printed", PageStyle(px_per_mm=2))

    def asked_with(shown, own):
        shot = Shot("Read this ECG.", (shown,), ("",), '{"rate": "normal"}')
        return case([own], shots=(shot,))

    mark = with_mark(bare, "V2", 6.3)
    found = asked("Qwen3-VL").page_ink(asked_with(mark, mark), asked_with(bare, bare))
    assert found.in_examples == pytest.approx(0.5, abs=0.01)
    assert {grid.picture for grid in found.grids} == {0}
    best = np.unravel_index(int(np.argmax(found.map().relevance)), (12, 1000))
    assert best[0] == LEADS.index("V2")


@pytest.mark.parametrize("name", ["Gemma 4", "Llama-3.2-Vision"])
def test_a_family_whose_tokens_cannot_be_placed_is_one_sentence(asked, name):
    (bare,) = blank("printed", PageStyle(px_per_mm=2))
    with pytest.raises(
        ReaderError, match=r"^the image tokens of a model of type '(gemma4|mllama)' cannot be placed on "
    ):
        asked(name).page_ink(case([bare]), case([bare]))


def test_a_processor_that_does_not_go_with_the_model_is_one_sentence(asked):
    model = asked("Qwen3-VL")
    model.source.config.vision_config.spatial_merge_size = 1
    (bare,) = blank("printed", PageStyle(px_per_mm=2))
    with pytest.raises(ReaderError, match=r"^the prompt holds \d+ image tokens, and \d+ were placed on its pictures"):
        model.page_ink(case([bare]), case([bare]))


def test_a_case_without_a_picture_is_one_sentence(asked):
    with pytest.raises(ReaderError, match=r"^case one shows no picture whose pixels could be explained"):
        asked("Qwen3-VL").page_ink(case([]), case([]))
