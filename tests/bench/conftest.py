"""A tiny Gemma 3 for the tests of fine-tuning, export, experiments and the probe of encoders."""

import pytest

from bench.truth import measured

from ..tiny.corpus import corpus
from ..tiny.gemma import build


@pytest.fixture(scope="session")
def gemma(sample, tmp_path_factory):
    """The folder of a tiny Gemma 3 whose tokenizer makes few tokens of our prompts and answers."""
    records = [record for record in sample if record.fold <= 8][:100]
    folder = tmp_path_factory.mktemp("models") / "gemma"
    build(folder, corpus(list(measured(records, sample).values())))
    return folder
