"""Networks and regularisers of one trainer: each is a setting, and what is off changes nothing."""

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from bench.explain.maps.activation import grad_cam
from readers.head import STATEMENT, corrected_limits, is_multi_label
from readers.network import Network, Shown
from readers.resnet1d.augmentation import augment
from readers.resnet1d.config import configured, read_training_config, shipped_configs, training_config_from
from readers.resnet1d.loss import as_tensors, loss_of, smoothed, smoothed_limits
from readers.resnet1d.mixstyle import LEAST_VARIANCE, MixStyle, _beta, partners
from readers.resnet1d.network import Block, EcgResNet
from readers.resnet1d.side import NAMES
from readers.resnet1d.weights import load_weights
from readers.training_target import training_heads
from taxonomy.error import SettingError, UnknownNameError
from taxonomy.reading import SUPERCLASS
from tests.command import bench, is_one_sentence
from tests.training_noise import training_noise

PLAIN = training_config_from({"channels": [8, 16, 24], "blocks": 2})
OF_TWO = torch.tensor([0, 0, 1, 1, 1, 0])
CPU = torch.device("cpu")


def built(seed=0, **settings):
    torch.manual_seed(seed)
    return EcgResNet(replace(PLAIN, **settings), training_heads())


@pytest.fixture
def features():
    return torch.randn(6, 4, 50, generator=torch.Generator().manual_seed(1)) * 3 + 2


@pytest.fixture
def shares(monkeypatch):
    """The shares and partners of every mixing: a record mixes with the next one."""
    found = torch.linspace(0, 1, 6)
    monkeypatch.setattr("readers.resnet1d.mixstyle._beta", lambda count, alpha: found[:count])
    monkeypatch.setattr("readers.resnet1d.mixstyle._shuffled", lambda x: torch.arange(len(x)).roll(-1))
    return found.view(-1, 1)


def always(between_domains=False):
    return MixStyle(1.0, 0.1, between_domains).train()


def test_styles_of_mixed_features_are_convex_combinations_and_what_they_show_stays(features, shares):
    mixed = always()(features)
    assert mixed.shape == features.shape and mixed.dtype == features.dtype
    for statistic in (torch.mean, lambda x, dim: x.std(dim=dim, correction=0)):
        own = statistic(features, dim=2)
        assert torch.allclose(statistic(mixed, dim=2), shares * own + (1 - shares) * own.roll(-1, 0), atol=1e-4)
    normal, before = ((x - x.mean(2, True)) / x.std(2, keepdim=True) for x in (mixed, features))
    assert torch.allclose(normal, before, atol=1e-4)
    assert torch.allclose(mixed[5], features[5], atol=1e-5), "a share of 1 is the record's own style"


def test_no_gradient_passes_through_the_statistics(features, shares):
    features.requires_grad_()
    chosen = torch.randn(features.shape, generator=torch.Generator().manual_seed(2))
    (gradient,) = torch.autograd.grad(always()(features), features, chosen)
    spread = (features.detach().var(dim=2, keepdim=True, correction=0) + LEAST_VARIANCE).sqrt()
    scale = (shares.unsqueeze(2) * spread + (1 - shares.unsqueeze(2)) * spread.roll(-1, 0)) / spread
    assert torch.allclose(gradient, chosen * scale, atol=1e-5)


def test_mixstyle_does_nothing_in_evaluation_to_a_record_alone_or_without_probability(features):
    assert torch.equal(always().eval()(features), features)
    assert torch.equal(always()(features[:1]), features[:1])
    assert torch.equal(MixStyle(0.0, 0.1, False).train()(features), features)
    assert not torch.equal(always()(features), features)


def test_half_the_batches_are_mixed_and_shares_lie_near_the_ends(features):
    torch.manual_seed(3)
    half = MixStyle(0.5, 0.1, False).train()
    mixed = sum(not torch.equal(half(features), features) for _ in range(400))
    assert 160 < mixed < 240
    drawn = _beta(4000, 0.1)
    assert torch.isfinite(drawn).all() and drawn.min() >= 0 and drawn.max() <= 1
    assert ((drawn < 0.05) | (drawn > 0.95)).float().mean() > 0.6


def test_a_partner_is_of_another_domain_where_there_is_one(features):
    torch.manual_seed(4)
    chosen = torch.stack([partners(OF_TWO) for _ in range(50)])
    assert (OF_TWO[chosen] != OF_TWO).all()
    assert all(len(set(column.tolist())) == 3 for column in chosen.T)
    alone = torch.zeros(6, dtype=torch.int64)
    assert partners(alone).tolist() == list(range(6))
    assert torch.allclose(always(between_domains=True)(features, alone), features, atol=1e-5)
    assert not torch.allclose(always(between_domains=True)(features, OF_TWO), features, atol=1e-2)


def test_a_network_mixes_styles_while_training_and_never_in_use():
    leads = torch.randn(6, 12, 1000)
    plain, mixing = (built(mixstyle=probability, dropout=0.0) for probability in (0.0, 1.0))
    assert plain.state_dict().keys() == mixing.state_dict().keys()
    with torch.inference_mode():
        assert torch.equal(plain.eval()(leads), mixing.eval()(leads))
        assert torch.equal(mixing(leads[:2]), mixing(leads[:2]))
        assert not torch.allclose(plain.train()(leads), mixing.train()(leads), atol=1e-3)


@pytest.mark.parametrize(("asked", "found"), [(1, 1), (2, 2), (3, 2), (9, 2)])
def test_the_last_stage_is_never_mixed(monkeypatch, asked, found):
    seen = []
    monkeypatch.setattr(MixStyle, "forward", lambda self, x, domain: seen.append(x.shape[1]) or x)
    built(mixstyle=0.5, mixstyle_stages=asked)(torch.randn(2, 12, 1000), None, torch.zeros(2))
    assert seen == [8, 16][:found]


def test_layers_are_pooled_in_their_order():
    leads, side = torch.randn(3, 12, 1000), torch.randn(3, len(NAMES))
    stages = []
    network = built(layer_pooling=True, side=("rhythm",)).eval()
    for number in (1, 3, 5):
        network.trunk[number].register_forward_hook(lambda block, given, out: stages.append(out))
    with torch.inference_mode():
        found = network.features(leads, side)
    pooled = [part for y in stages for part in (y.mean(dim=2), y.amax(dim=2))]
    assert found.shape == (3, network.heads.in_features) == (3, 2 * (8 + 16 + 24) + 64)
    assert torch.equal(found[:, :96], torch.cat(pooled, dim=1))
    assert built().heads.in_features == 2 * 24


def test_a_network_of_every_setting_is_explained_as_any_other():
    member = built(layer_pooling=True, mixstyle=0.5, reduction=0, block_dropout=0.2).eval()
    shown = Shown(torch.randn(12, 1000, generator=torch.Generator().manual_seed(7)).numpy())
    network = Network((member,), training_heads(), 100, lambda case: shown)
    assert {"trunk", "trunk.1", "trunk.5"} <= set(network.layers(shown))
    for layer in ("trunk", "trunk.1"):
        found = grad_cam(network, shown, network.place("rhythm", "sinus"), layer)
        assert found.shape == (12, 1000) and np.isfinite(found).all()


def test_gates_are_narrowed_by_the_reduction_and_decide_what_passes():
    assert [built(reduction=r).trunk[4].gate[0].out_features for r in (8, 16, 2)] == [3, 1, 12]
    assert built(reduction=0).trunk[4].gate is None
    block, x = Block(8, 8, 1, PLAIN).eval(), torch.randn(2, 8, 40)
    opened = block(x)
    with torch.no_grad():
        block.gate[2].bias.fill_(-1e4)
    assert torch.equal(block(x), torch.relu(x))
    assert not torch.allclose(opened, torch.relu(x), atol=1e-3)


def test_dropout_within_a_block_has_no_weights_and_works_in_training_alone():
    plain, dropping = built(dropout=0.0), built(dropout=0.0, block_dropout=0.5)
    assert plain.state_dict().keys() == dropping.state_dict().keys()
    leads = torch.randn(2, 12, 1000)
    with torch.inference_mode():
        assert torch.equal(plain.eval()(leads), dropping.eval()(leads))
        assert not torch.equal(dropping.train()(leads), dropping(leads))


@pytest.fixture(scope="module")
def truth():
    noise = training_noise(10, 2)
    heads = training_heads()
    for head, values in heads.items():
        if not is_multi_label(head):
            noise.targets[head][:] = torch.eye(len(values))[torch.arange(12) % len(values)].numpy()
    noise.known["rhythm"][::2] = False
    return as_tensors(noise.targets, CPU), as_tensors(noise.known, CPU)


def outputs_like(targets):
    width = sum(target.shape[1] for target in targets.values())
    return torch.randn(12, width, generator=torch.Generator().manual_seed(5))


def loss_before(outputs, targets, known, config):
    """The loss as it was before there was any smoothing."""
    total = outputs.new_zeros(len(outputs))
    weights = {SUPERCLASS: 1.0, STATEMENT: config.statement_weight}
    parts = outputs.split([target.shape[1] for target in targets.values()], dim=1)
    for head, logits in zip(targets, parts, strict=True):
        if is_multi_label(head):
            each = binary_cross_entropy_with_logits(logits, targets[head], reduction="none").mean(dim=1)
        else:
            each = cross_entropy(logits, targets[head], reduction="none")
        total = total + weights.get(head, config.axis_weight) * each * known[head]
    return total


def test_without_smoothing_the_loss_is_the_old_one_bit_by_bit(truth):
    outputs = outputs_like(truth[0])
    assert torch.equal(loss_of(outputs, *truth, PLAIN), loss_before(outputs, *truth, PLAIN))


def test_the_smoothed_loss_has_its_closed_form(truth):
    """Of a choice (1 - s) CE + s times the mean over all values; of a question (1 - s) BCE + s times that of both."""
    share, (targets, known) = 0.1, truth
    outputs = outputs_like(targets)
    parts = dict(zip(targets, outputs.split([t.shape[1] for t in targets.values()], dim=1), strict=True))
    expected = torch.zeros(12)
    for head, logits in parts.items():
        weight = {SUPERCLASS: 1.0, STATEMENT: PLAIN.statement_weight}.get(head, PLAIN.axis_weight)
        if is_multi_label(head):
            hard = binary_cross_entropy_with_logits(logits, targets[head], reduction="none")
            both = -(logits.sigmoid().log() + (-logits).sigmoid().log()) / 2
            each = ((1 - share) * hard + share * both).mean(dim=1)
        else:
            even = -logits.log_softmax(dim=1).mean(dim=1)
            each = (1 - share) * cross_entropy(logits, targets[head], reduction="none") + share * even
        expected = expected + weight * each * known[head]
    found = loss_of(outputs, targets, known, replace(PLAIN, label_smoothing=share))
    assert torch.allclose(found, expected, atol=1e-5)
    assert not torch.allclose(found, loss_of(outputs, targets, known, PLAIN), atol=1e-3)


def test_what_is_unlabelled_is_not_smoothed_into_the_loss(truth):
    targets, _ = truth
    nothing = {head: torch.zeros(12, dtype=torch.bool) for head in targets}
    assert not loss_of(outputs_like(targets), targets, nothing, replace(PLAIN, label_smoothing=0.1)).any()


def test_limits_follow_the_smoothing_so_that_the_same_findings_are_reported():
    shares = {"other_findings": {"wpw": 0.004, "paced": 0.03, "pvc": 0.2}}
    limits = corrected_limits(shares, 0.5)
    followed = smoothed_limits(limits, 0.1)
    for value, limit in limits["other_findings"].items():
        for chance in (0.5 * limit, 0.99 * limit, 1.01 * limit, 0.9):
            answer = smoothed(torch.tensor(chance), 0.1, 2)
            assert (answer >= followed["other_findings"][value]) == (chance >= limit)
    assert followed["other_findings"]["wpw"] > 0.05 > limits["other_findings"]["wpw"]
    assert smoothed_limits(limits, 0.0) == limits


def blanked(lead_loss, records, signal):
    config = replace(PLAIN, lead_loss=lead_loss, lead_loss_records=records, gap=0.0, noise=0.0, gain=0.0)
    return (augment(signal, config, torch.Generator().manual_seed(6)) == 0).all(dim=2)


def test_leads_are_lost_in_every_other_record_or_in_all():
    signal = torch.randn(800, 12, 200)
    some, masked = blanked(0.1, 0.5, signal), blanked(0.5, 1.0, signal)
    assert 0.08 < some.float().mean() < 0.12
    assert 0.45 < some.any(dim=1).float().mean() < 0.52, "0.2 of the leads in half of the records"
    assert 0.48 < masked.float().mean() < 0.52
    assert masked.any(dim=1).float().mean() > 0.99
    assert not blanked(0.0, 1.0, signal).any()


@pytest.mark.parametrize(
    ("name", "first", "square"),
    [
        ("weights", [[-2.7183, 1.0700, -0.2144, 0.1525, -1.2924], [-3.6612, 0.4974, -1.6515, -1.0457, 1.7858]],
         [11.2036, 31.0744]),
        ("page", [[-2.2142, 0.3902, -1.9454, 1.6458, -1.9961]] * 2, [16.4071, 16.4071]),
    ],
)  # fmt: skip
def test_the_shipped_weights_answer_as_they_did_when_they_were_trained(name, first, square):
    """Mean logits on sines, without and with side inputs, by the network before it had any other setting."""
    members = load_weights(Path(str(files("readers.resnet1d") / f"{name}.safetensors"))).members
    time = torch.arange(1000) / 100
    leads = torch.stack([torch.sin((1 + lead) * time + lead) for lead in range(12)]).repeat(2, 1, 1)
    side = torch.stack([torch.full((len(NAMES),), torch.nan), torch.linspace(-1, 1, len(NAMES))])
    with torch.inference_mode():
        logits = torch.stack([member(leads, side) for member in members])
    assert logits.mean(dim=0)[:, :5].tolist() == [pytest.approx(row, abs=2e-3) for row in first]
    assert logits.square().mean(dim=(0, 2)).tolist() == pytest.approx(square, rel=1e-3)


OFF = {
    "reduction": 8, "layer_pooling": False, "block_dropout": 0.0, "lead_loss_records": 0.5, "mixstyle": 0.0,
    "mixstyle_alpha": 0.1, "mixstyle_stages": 2, "mixstyle_between": "records", "label_smoothing": 0.0,
}  # fmt: skip


def test_a_header_of_older_weights_means_the_same_network():
    header = {name: value for name, value in read_training_config().to_json().items() if name not in OFF}
    assert training_config_from(header) == read_training_config()
    assert {name: read_training_config().to_json()[name] for name in OFF} == OFF


def test_ready_settings_change_the_shipped_ones_and_are_combined():
    shipped = read_training_config()
    assert configured(()) == shipped
    assert configured(("mixstyle",)) == replace(shipped, mixstyle=0.5)
    both = configured(("se-resnet", "label-smoothing"))
    assert (both.channels, both.reduction, both.label_smoothing) == ((64, 128, 256, 512), 16, 0.1)
    assert both.phantoms == shipped.phantoms and both.seeds == shipped.seeds
    assert all(configured((name,)) != shipped for name in shipped_configs())


def test_a_file_stands_alone_and_goes_over_what_stands_before_it(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text("batch = 7\nlayer_pooling = false\n")
    assert configured((str(own),)) == training_config_from({"batch": 7})
    over = configured(("layers", str(own)))
    assert over == replace(read_training_config(), batch=7)
    assert configured((str(own), "layers")) == training_config_from({"batch": 7, "layer_pooling": True})


def test_settings_that_cannot_be_used_are_told(tmp_path):
    with pytest.raises(UnknownNameError, match=r"unknown training configuration 'mixstile'.*mixstyle, se-resnet"):
        configured(("mixstile",))
    with pytest.raises(SettingError, match=r"nowhere\.toml cannot be read"):
        configured(("mixstyle", str(tmp_path / "nowhere.toml")))
    with pytest.raises(SettingError, match="mixstyle needs two stages or more"):
        training_config_from({"channels": [8], "mixstyle": 0.5})
    for wrong in ({"label_smoothing": 1.0}, {"mixstyle_alpha": 0.0}, {"lead_loss_records": 0}, {"reduction": -1}):
        (name,) = wrong
        with pytest.raises(SettingError, match=name):
            training_config_from(wrong)
    done = bench("train", "resnet1d", "--config", "seresnet", cwd=tmp_path)
    assert is_one_sentence(done, "unknown training configuration 'seresnet'") and "'se-resnet'" in done.stderr


def test_the_help_lists_every_ready_setting_with_its_line(tmp_path):
    said = " ".join(bench("train", "resnet1d", "--help", cwd=tmp_path).stdout.split())
    assert shipped_configs().keys() == {"se-resnet", "mixstyle", "label-smoothing", "layers", "lead-dropout"}
    assert all(f"{name} {line}" in said for name, line in shipped_configs().items())
