"""What only a GPU can show: bfloat16, and memory that really is full."""

import pytest
import torch

from readers.registry import reader

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
