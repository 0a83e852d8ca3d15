"""The probe of an encoder finds what is there, not what is not, and tells it from pixels and an untrained twin."""

import json

import numpy as np
import pytest

from bench.encoder.encoder_probe import encoder_verdict
from bench.encoder.features import FeatureFiles, image_features
from bench.encoder.probing import (
    FittedProbe,
    LabelledSplits,
    SplitRows,
    area_difference,
    best_probe,
    fitted_probes,
    reduced,
)
from bench.view import View
from readers.vlm.encoder import SEGMENTS, ImageEncoder, pooled
from readers.vlm.loading import load_vlm
from readers.vlm.option import VlmOptions
from taxonomy.error import FileError

from ...command import bench

VIEW = View(renderer="clean", px_per_mm=2).for_inputs(frozenset({"image"}))


@pytest.fixture(scope="module")
def encoder(gemma):
    return ImageEncoder.of(load_vlm(str(gemma), VlmOptions()))


def folds(n=300, seed=0):
    rows = np.arange(n)
    patients = rows // 2
    parts = np.split(rows, [n // 2, 3 * n // 4])
    return LabelledSplits(*(SplitRows(part, patients[part]) for part in parts))


def test_a_feature_that_is_there_is_found_and_one_that_is_not_is_not():
    chance = np.random.default_rng(0)
    values = chance.choice(["sinus", "atrial_fibrillation", "paced"], 300).tolist()
    noise = chance.normal(size=(300, 20))
    there = noise.copy()
    there[:, 3] += 2.5 * (np.array(values) == "paced")
    found, absent = (fitted_probes(x, values, folds()) for x in (there, noise))
    for kind in ("linear", "mlp"):
        assert found[kind].interval[0] > 0.6
        assert absent[kind].interval[0] < 0.5 < absent[kind].interval[1] + 0.1
    value, interval = area_difference(best_probe(found), best_probe(absent))
    assert value > 0 and interval[0] > 0


def test_what_only_a_perceptron_can_see_is_seen_by_it():
    """Two features that tell nothing alone and everything together (exclusive or)."""
    chance = np.random.default_rng(1)
    x = chance.normal(size=(1200, 2))
    values = ["left" if a * b > 0 else "normal" for a, b in x]
    found = fitted_probes(x, values, folds(1200))
    assert found["linear"].auroc < 0.65 < 0.9 < found["mlp"].auroc


def test_findings_are_probed_each_by_itself():
    chance = np.random.default_rng(2)
    x = chance.normal(size=(300, 6))
    values = [frozenset(n for n, k in (("lvh", 0), ("long_qt", 1)) if row[k] > 0.3) for row in x]
    assert fitted_probes(x, values, folds())["linear"].auroc > 0.95


def test_a_value_that_never_varies_is_not_probed():
    assert fitted_probes(np.zeros((300, 3)), ["sinus"] * 300, folds()) == {}


def test_wide_features_are_reduced_by_what_training_shows():
    chance = np.random.default_rng(3)
    x = chance.normal(size=(80, 900)).astype(np.float32)
    small = reduced(x, np.arange(40))
    assert small.shape == (80, 39)
    changed = x.copy()
    changed[60:] *= 100
    assert np.allclose(reduced(changed, np.arange(40))[:60], small[:60])


@pytest.mark.slow
def test_the_twin_has_the_same_shape_and_other_weights(encoder):
    own = encoder.vlm.model.get_submodule(encoder.name)
    one, other = (dict(part.named_parameters()) for part in (own, encoder.twin))
    assert {name: p.shape for name, p in one.items()} == {name: p.shape for name, p in other.items()}
    name = next(name for name, p in one.items() if p.ndim == 4)
    assert not one[name].equal(other[name])
    assert one[name].detach().std() == pytest.approx(float(other[name].detach().std()), rel=0.2)


@pytest.mark.slow
def test_features_are_those_of_the_encoder_and_the_model_is_left_as_it_was(encoder, population):
    from readers.contract import Case, Prompt
    from renderers import PageStyle, render

    signal = next(iter(population)).signal()
    images = render(signal.mv, signal.fs, "leads", PageStyle(px_per_mm=2))
    tensors = encoder.vlm.chat.encode([Case("", images=images, prompt=Prompt(""))]).tensors
    first, again = encoder.features(tensors), encoder.features(tensors)
    assert {name: len(row) for name, row in first.items()} == {"encoder": 384, "projected": 768, "random": 384}
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.allclose(first["encoder"], first["random"])
    states = encoder.vlm.model.get_image_features(tensors["pixel_values"]).last_hidden_state
    lead = states[3].detach().numpy().mean(axis=0)  # twelve images, so a run of tokens is a lead
    assert np.allclose(first["encoder"].reshape(SEGMENTS, -1)[3], lead, atol=1e-5)


def test_runs_of_tokens_are_averaged_apart():
    import torch

    tokens = torch.arange(24.0).reshape(1, 24, 1)
    assert pooled(tokens).tolist() == [0.5 + 2 * k for k in range(12)]


@pytest.mark.slow
def test_kept_features_are_gone_on_with_and_those_of_others_refused(encoder, population, tmp_path, monkeypatch):
    records, keep = list(population)[:6], tmp_path / "kept.npz"
    monkeypatch.setattr("bench.encoder.features.SAVED_EVERY", 2)
    whole = image_features(encoder, records, VIEW, FeatureFiles(tmp_path / "whole.npz"), lambda done, total: None)

    def stopping(done, total):
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        image_features(encoder, records, VIEW, FeatureFiles(keep), stopping)
    asked: list[int] = []
    found = image_features(encoder, records, VIEW, FeatureFiles(keep), lambda done, total: asked.append(done))
    assert asked == [5, 6]
    assert all(np.array_equal(found[name], whole[name]) for name in whole)
    with pytest.raises(FileError, match="features of other records"):
        image_features(encoder, list(population)[1:6], VIEW, FeatureFiles(keep), lambda done, total: None)


def probed(low, area=0.7):
    return FittedProbe("linear", area, area, (low, 0.9), np.zeros(2), 0.5)


@pytest.mark.parametrize(
    ("encoder_area", "over_random", "over_pixels", "reader", "said"),
    [
        (probed(0.6), (0.1, (0.02, 0.2)), (0.1, (0.02, 0.2)), "", "in the encoder"),
        (probed(0.6), (0.1, (0.02, 0.2)), (0.1, (0.02, 0.2)), "nothing shown",
         "in the encoder; the language model does not use it"),
        (probed(0.6), (0.1, (0.02, 0.2)), (0.1, (0.02, 0.2)), "knows it",
         "in the encoder; the language model uses it"),
        (probed(0.6), (0.1, (-0.02, 0.2)), (0.1, (0.02, 0.2)), "", "no more than pixels or untrained"),
        (probed(0.4), (0.1, (0.02, 0.2)), (0.1, (0.02, 0.2)), "", "not found"),
        (None, None, None, "", "cannot tell"),
    ],
)  # fmt: skip
def test_verdicts(encoder_area, over_random, over_pixels, reader, said):
    assert encoder_verdict(encoder_area, over_random, over_pixels, reader) == said


@pytest.mark.slow
def test_the_command_leaves_a_page(gemma, tmp_path):
    words = ("encoder-probe", "--model", gemma, "--renderer", "clean", "--px-per-mm", "2", "--limit", "66")
    done = bench(*words, "--out", "probe", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "probe" / "encoder.md").read_text()
    assert "n = 66 phantoms, simulated ECGs of known truth" in page and "![Areas by source](clean.png)" in page
    assert "| encoder, attentive | random, attentive | minus pooled | verdict |" in page
    data = json.loads((tmp_path / "probe" / "encoder.json").read_text())["probes"]
    assert {one["axis"] for one in data} >= {"rate", "diagnosis"}
    assert {"encoder", "projected", "random", "pixels", "resnet1d"} == set(data[0]["probes"])
    fitted = next(one for one in data if one["over_pooled"] is not None)
    assert {"linear", "mlp", "attentive"} == set(fitted["probes"]["encoder"]) == set(fitted["probes"]["random"])
    assert set(fitted["probes"]["pixels"]) == {"linear", "mlp"} and len(fitted["over_pooled"]) == 2
    assert (tmp_path / "probe" / "clean.png").stat().st_size > 5000
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "probe" / "features").glob("*.npz")}
    again = bench(*words, "--out", "probe", cwd=tmp_path)
    assert again.returncode == 0 and (tmp_path / "probe" / "encoder.md").read_text() == page
    assert written == {path: path.stat().st_mtime_ns for path in written}  # nothing is encoded anew
    without = bench(*words, "--tokens", "0", "--out", "pooled", cwd=tmp_path)
    assert without.returncode == 0 and not list((tmp_path / "pooled").rglob("*.npy"))
    assert "attentive" not in (tmp_path / "pooled" / "encoder.md").read_text()
