"""Parts of the network."""

import pytest
import torch

from readers.resnet1d.network import Halved


@pytest.mark.parametrize("samples", [1000, 125, 63])
def test_a_trace_is_halved_to_the_last_bit_as_torch_does(samples):
    x = torch.randn(3, 5, samples, generator=torch.Generator().manual_seed(samples))
    assert torch.equal(Halved()(x), torch.nn.AvgPool1d(2, 2, ceil_mode=True)(x))
