"""A signal that was measured is not measured again."""

import numpy as np

from measurements import measure, measuring


def test_the_same_samples_are_measured_once_and_others_anew(population, monkeypatch):
    asked = []
    usual = measuring.delineate
    monkeypatch.setattr(measuring, "_KEPT", {})
    monkeypatch.setattr(measuring, "delineate", lambda signal, fs: asked.append(fs) or usual(signal, fs))
    signal = population.record(0).signal()
    first = measure(signal.mv, signal.fs)
    assert measure(signal.mv.copy(), signal.fs) == first and len(asked) == 1
    changed = signal.mv.copy()
    changed[3, 100] += np.float32(0.5)
    measure(changed, signal.fs)
    measure(signal.mv, signal.fs / 2)
    assert len(asked) == 3


def test_no_more_measurements_are_kept_than_said(population, monkeypatch):
    monkeypatch.setattr(measuring, "_KEPT", {})
    monkeypatch.setattr(measuring, "KEPT", 2)
    signal = population.record(0).signal()
    found = [measure(signal.mv * np.float32(gain), signal.fs) for gain in (1, 2, 3)]
    assert len(measuring._KEPT) <= 2
    assert measure(signal.mv, signal.fs) == found[0]
