"""A tiny Gemma 3 whose tokenizer knows the words of our prompts, and cases of real records."""

from dataclasses import replace
from functools import partial

import pytest

from bench.dataset import Dataset
from bench.view import Question, View, cases_of
from bench.view.example import IMAGE_AND_TEXT
from bench.view.prompt import system_text
from taxonomy.target import DENSE, FORMATS

from ...tiny.family import saved
from ...tiny.gemma import build


@pytest.fixture(scope="session")
def gemma(tmp_path_factory):
    """The folder of a tiny Gemma 3."""
    folder = tmp_path_factory.mktemp("models") / "gemma"
    build(folder, [system_text(form) for form in FORMATS.values()])
    return folder


@pytest.fixture(scope="session")
def family(tmp_path_factory):
    """Return the folder of a family's tiny model by its name."""
    return partial(saved, root=tmp_path_factory.mktemp("families"))


@pytest.fixture(scope="session")
def cases(population: Dataset):
    """Return the cases of the first records in a format and a view."""

    def made(count=3, form=DENSE, **shown):
        view = View(**{"px_per_mm": 3, "format": form.name, **shown}).for_inputs(IMAGE_AND_TEXT)
        cohort = population.cohort("all", limit=count)
        cases = cases_of(view, cohort)
        return [replace(cases.case(Question(record)), case_id=f"case{record.ecg_id}") for record in cohort]

    return made
