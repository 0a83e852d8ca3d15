"""A tiny Gemma 3 whose tokenizer knows the words of our prompts, and cases of real records."""

import pytest
from bench.prompt import CONDITIONS, PromptSettings, prompt
from bench.prompt.prompt import system_text

from bench.dataset import Dataset
from bench.dataset.measuring import measure_record
from readers.contract import Case
from renderers import PageStyle, blank, render
from taxonomy.target import DENSE, FORMATS

from ...tiny.gemma import build


@pytest.fixture(scope="session")
def gemma(tmp_path_factory):
    """The folder of a tiny Gemma 3."""
    folder = tmp_path_factory.mktemp("models") / "gemma"
    build(folder, [system_text(form) for form in FORMATS.values()])
    return folder


@pytest.fixture(scope="session")
def cases(sample: Dataset):
    """Return the cases of the first records under a renderer, a format and a condition."""

    def made(count=3, renderer="printed", form=DENSE, condition="full", px_per_mm=3):
        style = PageStyle(px_per_mm=px_per_mm)
        found = []
        for record in list(sample)[:count]:
            signal = record.signal()
            shown = CONDITIONS[condition].images
            draw = {"true": lambda s=signal: render(s.mv, s.fs, renderer, style), "none": tuple}
            images = draw.get(shown, lambda: blank(renderer, style))()
            asked = prompt(measure_record(record), images, PromptSettings(CONDITIONS[condition], form, renderer))
            found.append(Case(f"case{record.ecg_id}", images=images, prompt=asked))
        return found

    return made
