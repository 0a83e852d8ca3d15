"""The attentive probe finds what one token alone tells, and nothing that is not there; its tokens stay on disk."""

from collections import namedtuple

import numpy as np
import pytest

from bench.encoder import attentive
from bench.encoder.attentive import attentive_probes
from bench.encoder.features import FeatureFiles, image_features
from bench.encoder.probing import LabelledSplits, SplitRows, area_difference, best_probe, fitted_probes, reduced
from bench.encoder.token_file import KEPT, Basis, TokenFile, token_bytes, token_runs
from bench.view import View
from readers.vlm.encoder import ImageEncoder, pooled
from readers.vlm.loading import load_vlm
from readers.vlm.option import VlmOptions
from taxonomy.error import FileError, StorageError

from ...command import bench

VIEW = View(renderer="clean", px_per_mm=2).for_inputs(frozenset({"image"}))
N = 480


def folds(n=N):
    rows = np.arange(n)
    parts = np.split(rows, [n // 2, 3 * n // 4])
    return LabelledSplits(*(SplitRows(part, part // 2) for part in parts))


@pytest.fixture(scope="module")
def planted():
    """Tokens of noise; in each record one token of 48 is marked, and that one alone tells the value."""
    chance = np.random.default_rng(0)
    tokens = chance.normal(size=(N, 48, 8))
    told, place = chance.integers(0, 2, N).astype(bool), chance.integers(0, 48, N)
    tokens[np.arange(N), place, 0] = 6
    tokens[np.arange(N), place, 1] = np.where(told, 1.5, -1.5)
    return tokens.astype(np.float16), ["left" if one else "normal" for one in told]


def mean_features(tokens):
    return np.stack([pooled(_tensor(one)) for one in tokens])


def _tensor(tokens):
    import torch

    return torch.from_numpy(np.asarray(tokens, dtype=np.float32))[None]


def test_a_signal_in_one_token_is_found_by_attention_and_diluted_by_the_mean(planted, monkeypatch):
    monkeypatch.setattr(attentive, "SEEDS", 1)
    tokens, values = planted
    found = attentive_probes(tokens, {"axis": values}, {"axis": folds()})["axis"]
    mean = best_probe(fitted_probes(reduced(mean_features(tokens), folds().train.rows), values, folds()))
    assert found.kind == "attentive" and found.auroc > 0.9 and found.interval[0] > 0.85
    assert mean.auroc < 0.7
    gain, interval = area_difference(found, mean)
    assert gain > 0.2 and interval[0] > 0.1


def test_shuffled_values_are_not_found(planted, monkeypatch):
    monkeypatch.setattr(attentive, "SEEDS", 1)
    tokens, values = planted
    shuffled = np.random.default_rng(1).permutation(values).tolist()
    found = attentive_probes(tokens, {"axis": shuffled}, {"axis": folds()})["axis"]
    mean = best_probe(fitted_probes(reduced(mean_features(tokens), folds().train.rows), shuffled, folds()))
    assert found.interval[0] < 0.5 < found.interval[1]
    low, high = area_difference(found, mean)[1]
    assert low < 0 < high


def test_axes_learn_beside_each_other_sets_too_and_one_of_a_single_outcome_is_left_out(planted, monkeypatch):
    monkeypatch.setattr(attentive, "SEEDS", 1)
    tokens, values = planted
    findings = [frozenset({"lvh"} if value == "left" else ()) for value in values]
    asked = {"axis": values, "other_findings": findings, "rhythm": ["sinus"] * N, "rate": [None] * N}
    nothing = SplitRows(np.array([], dtype=np.int64), np.array([], dtype=np.int64))
    splits = {name: folds() for name in asked} | {"rate": LabelledSplits(nothing, nothing, nothing)}
    found = attentive_probes(tokens, asked, splits)
    assert set(found) == {"axis", "other_findings"}
    assert found["other_findings"].auroc > 0.9
    assert attentive_probes(tokens, {"rhythm": asked["rhythm"]}, {"rhythm": folds()}) == {}


def test_the_same_seed_gives_the_same_probe(planted, monkeypatch):
    monkeypatch.setattr(attentive, "EPOCHS", 2)
    tokens, values = planted
    one, same, other = (
        attentive_probes(tokens, {"axis": values}, {"axis": folds()}, seed=seed)["axis"] for seed in (0, 0, 7)
    )
    assert one.auroc == same.auroc and np.array_equal(one.influence, same.influence)
    assert not np.array_equal(one.influence, other.influence)


def test_the_test_split_decides_nothing(planted, monkeypatch):
    monkeypatch.setattr(attentive, "EPOCHS", 3)
    tokens, values = planted
    changed = tokens.copy()
    changed[folds().test.rows] = 0
    one, other = (attentive_probes(seen, {"axis": values}, {"axis": folds()})["axis"] for seen in (tokens, changed))
    assert one.validation == other.validation and other.auroc == 0.5


def test_runs_of_tokens_are_means_and_few_tokens_are_repeated():
    tokens = np.arange(12, dtype=np.float32).reshape(6, 2)
    assert token_runs(tokens, 3).tolist() == [[1, 2], [5, 6], [9, 10]]
    assert token_runs(tokens, 6).tolist() == tokens.tolist()
    assert token_runs(tokens[:2], 4).tolist() == [[0, 1], [0, 1], [2, 3], [2, 3]]


def test_components_are_standardised_and_as_many_as_vary():
    chance = np.random.default_rng(0)
    tokens = (chance.normal(size=(4000, 3)) @ chance.normal(size=(3, 10)) + 5).astype(np.float32)
    kept = Basis.fitted(tokens)(tokens).astype(np.float64)
    assert kept.shape == (4000, 3)
    assert np.allclose(np.cov(kept.T), np.eye(3), atol=0.02) and np.allclose(kept.mean(axis=0), 0, atol=0.02)


def raw(number, tokens=20, width=6):
    chance = np.random.default_rng(number)
    return {source: chance.normal(size=(tokens, width)).astype(np.float32) for source in KEPT}


def filled(stem, records=7, fit=3, tokens=4):
    kept = TokenFile(stem, records, fit, tokens)
    for number in range(records):
        kept.keep(number, raw(number))
    kept.flush()
    return kept


def test_tokens_are_kept_small_and_an_interrupted_run_goes_on(tmp_path):
    whole = filled(tmp_path / "one" / "features").read()
    assert {kept.shape for kept in whole.values()} == {(7, 4, 6)} and whole["encoder"].dtype == np.float16
    again = TokenFile(tmp_path / "one" / "features", 7, 3, 4)
    assert again.opened()
    again.keep(6, raw(99))
    changed = again.read()["random"]
    assert np.array_equal(changed[:6], whole["random"][:6]) and not np.array_equal(changed[6], raw(6)["random"][:4])
    assert not TokenFile(tmp_path / "one" / "features", 8, 3, 4).opened()  # of other records: made anew
    assert not TokenFile(tmp_path / "one" / "features", 7, 3, 5).opened()
    size = sum(path.stat().st_size for path in (tmp_path / "one").glob("*.npy"))
    assert size <= token_bytes(7, 4) and token_bytes(6000, 256) == 2 * 6000 * 256 * 256 * 2


def test_the_components_are_those_of_the_first_training_records(tmp_path):
    kept = filled(tmp_path / "features", fit=3).read()["encoder"]
    first = np.concatenate([token_runs(raw(number)["encoder"], 4) for number in range(3)])
    assert np.allclose(kept[5], Basis.fitted(first)(token_runs(raw(5)["encoder"], 4)), atol=1e-2)


def test_a_disk_without_room_is_said_before_anything_is_encoded_further(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(100, 100, 0))
    with pytest.raises(StorageError, match=r"has 0\.0 GB free: --tokens fewer, or 0; or --limit N"):
        filled(tmp_path / "features")


def test_damaged_tokens_are_said(tmp_path):
    filled(tmp_path / "features")
    next(tmp_path.glob("*encoder*.npy")).write_bytes(b"nothing")
    with pytest.raises(FileError, match="holds no tokens"):
        TokenFile(tmp_path / "features", 7, 3, 4).opened()


def test_a_dry_run_says_what_the_tokens_take_and_loads_no_model(tmp_path):
    words = ("encoder-probe", "--model", "nowhere/at-all", "--renderer", "clean,leads", "--limit", "50", "--dry-run")
    done = bench(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "150 records by 2 renderer(s)" in done.stdout
    assert "tokens take 0.04 GB a renderer at most, 0.08 GB in all" in done.stdout
    assert "no tokens are kept" in bench(*words, "--tokens", "0", cwd=tmp_path).stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_tokens_of_a_resumed_run_are_those_of_an_uninterrupted_one(gemma, population, tmp_path, monkeypatch):
    encoder = ImageEncoder.of(load_vlm(str(gemma), VlmOptions()))
    records = list(population)[:6]
    monkeypatch.setattr("bench.encoder.features.SAVED_EVERY", 2)

    def files(name):
        return FeatureFiles(tmp_path / f"{name}.npz", TokenFile(tmp_path / name, len(records), 3, 8))

    def stopping(done, total):
        if done == 5:
            raise KeyboardInterrupt

    whole, kept = files("whole"), files("kept")
    image_features(encoder, records, VIEW, whole, lambda done, total: None)
    with pytest.raises(KeyboardInterrupt):
        image_features(encoder, records, VIEW, kept, stopping)
    asked = []
    kept = files("kept")
    image_features(encoder, records, VIEW, kept, lambda done, total: asked.append(done))
    assert asked == [5, 6]
    for source in KEPT:
        assert np.array_equal(kept.tokens.read()[source], whole.tokens.read()[source])
