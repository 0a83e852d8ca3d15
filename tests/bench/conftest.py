"""A tiny Gemma 3 for the tests of fine-tuning, export, experiments and the probe of encoders."""

from functools import partial

import pytest

from ..tiny.corpus import corpus
from ..tiny.family import saved
from ..tiny.gemma import build


@pytest.fixture(scope="session")
def gemma(population, tmp_path_factory):
    """The folder of a tiny Gemma 3 whose tokenizer makes few tokens of our prompts and answers."""
    folder = tmp_path_factory.mktemp("models") / "gemma"
    build(folder, corpus(list(population.cohort("train", limit=100).measure().values())))
    return folder


@pytest.fixture(scope="session")
def family(tmp_path_factory):
    """Return the folder of a family's tiny model by its name."""
    return partial(saved, root=tmp_path_factory.mktemp("families"))
