"""The proof, second half: the same model, taught from the numbers with blank pages, is found to copy them."""

import json

import pytest

from bench.dataset import Selection
from bench.evidence import verdict as words

from ...tiny.teaching import taught


@pytest.mark.slow
def test_shown_the_numbers_alone_it_copies_the_prompt(gemma, tmp_path):
    """Normal against abnormal is what the numbers tell a model so small within a minute."""
    many = Selection("phantoms:1,66", split="all", limit=160)
    changes = {"renderer": "clean", "format": "binary", "condition": "blank-image", "epochs": 5}
    score, verdicts = taught(gemma, tmp_path, many, **changes)
    assert score.normality is not None and score.normality.knows
    assert words.NUMBERS in verdicts["normality"]
    assert words.READS not in verdicts["normality"]
    manifest = json.loads((tmp_path / "adapter" / "manifest.json").read_text())
    assert manifest["taught"]["condition"] == "blank-image"
