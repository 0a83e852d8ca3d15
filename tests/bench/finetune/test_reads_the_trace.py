"""The proof, first half: shown pages on which the rate is plain at a glance, a tiny model reads the rate off them."""

import pytest

from bench.dataset import Selection
from bench.dataset.phantom import Phantoms
from bench.evidence import verdict as words
from renderers import RENDERERS

from ...tiny.planted import Planted
from ...tiny.teaching import taught


@pytest.fixture(autouse=True)
def planted(tmp_path, monkeypatch):
    """The renderer with the planted signal, and a cache of the test's own."""
    monkeypatch.setitem(RENDERERS, "planted", Planted())
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path / "cache"))


def other_rates():
    """Phantoms of another seed than was taught: of one split, and a quarter of them slow or fast."""
    others = Phantoms("2,300")
    rates = {record.ecg_id: others.truth(record).values["rate"] for record in others if record.fold == "test"}
    abnormal = [ecg_id for ecg_id, rate in rates.items() if rate not in (None, "normal")][:16]
    normal = [ecg_id for ecg_id, rate in rates.items() if rate == "normal"][: 66 - len(abnormal)]
    return Selection("phantoms:2,300", ids=",".join(map(str, sorted(abnormal + normal))))


@pytest.mark.slow
def test_shown_the_trace_it_reads_the_trace(gemma, tmp_path):
    # Whether it also reads without numbers, which it was never taught, or learns that a PR which nobody could measure
    # means fibrillation, depends on the seed of so small a model.
    how = {"renderer": "planted", "format": "dense-no-reasoning", "epochs": 5, "seed": 4}
    score, verdicts = taught(gemma, tmp_path, other_rates(), **how)
    assert [axis.axis for axis in score.axes if axis.knows_p is not None and axis.knows_p < 0.001] == ["rate"]
    assert verdicts["rate"].startswith(words.READS) and words.TRACE in verdicts["rate"]
    assert [axis for axis, verdict in verdicts.items() if words.READS in verdict] == ["rate"]
