"""What only a GPU can show: bfloat16, and memory that really is full."""

import numpy as np
import pytest
import torch

from readers.registry import reader
from readers.vlm import placement
from readers.vlm.option import LoadOptions
from readers.vlm.source import model_source
from taxonomy.reading import Reading
from taxonomy.target import BINARY

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


def test_it_reads_in_bfloat16_on_a_gpu(gemma, cases):
    hf = reader(f"hf:{gemma}", {"structured": "schema", "max_tokens": "2000"})
    vlm = hf.loaded()
    assert vlm.device.type == "cuda" and vlm.model.dtype == torch.bfloat16
    assert all(reading.error is None and reading.probabilities for reading in hf.read(cases(3)))


def test_bfloat16_and_float32_agree_on_what_is_likely(gemma, cases):
    some = cases(2)
    one, other = (
        next(iter(reader(f"hf:{gemma}", {"dtype": dtype, "max_tokens": "8"}).read(some)))
        for dtype in ("bfloat16", "float32")
    )
    for axis, chances in one.probabilities.items():
        assert chances == pytest.approx(other.probabilities[axis], abs=0.1)


def test_the_gradient_of_bfloat16_and_float32_shows_the_same_tokens(gemma, cases):
    (case,) = cases(1, form=BINARY)
    one, other = (
        reader(f"hf:{gemma}", {"dtype": dtype}).page_relevance(case, "normality", "abnormal", Reading())
        for dtype in ("bfloat16", "float32")
    )
    pair = [grid.relevance.ravel() for grid in (one.grids[0], other.grids[0])]
    assert np.corrcoef(pair)[0, 1] > 0.9


def test_a_model_that_leaves_too_little_room_is_shared(gemma, cases, monkeypatch):
    some = cases(1)
    options = {"dtype": "float32", "max_tokens": "8"}
    (expected,) = reader(f"hf:{gemma}", options).read(some)
    memory = '{"0": "300KB", "cpu": "1GB"}'
    hf = reader(f"hf:{gemma}", {**options, "max_memory": memory})
    assert len(set(hf.loaded().model.hf_device_map.values())) == 2
    assert hf.loaded().device.type == "cuda"
    (found,) = hf.read(some)
    assert found.raw == expected.raw
    source = model_source(str(gemma), LoadOptions())
    assert placement.placement(source, LoadOptions()) == {}
    monkeypatch.setattr(placement, "ROOM", 0.0)
    assert placement.placement(source, LoadOptions()) == {"device_map": "auto"}
