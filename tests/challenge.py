"""Recordings written to disk as the PhysioNet/CinC Challenges publish theirs."""

import struct
from pathlib import Path

import numpy as np

from renderers import LEADS

MAT_16 = 30


def tracing(seconds=10.0, fs=500, leads=12, seed=0):
    """Return int16 (n_samples, leads), of which no lead is flat."""
    count = round(seconds * fs)
    beat = 400 * (np.arange(count) % round(0.8 * fs) < 0.08 * fs)
    noise = np.random.default_rng(seed).integers(-20, 20, (count, leads))
    return (beat[:, None] + noise).astype(np.int16)


def write_challenge(header: Path, comments=("Age: 56", "Sex: Male", "Dx: 426783006"), samples=None, fs=500, **form):
    """Write one recording: ``form`` may hold ``gain``, ``leads`` and ``before`` (the bytes before the samples)."""
    samples = tracing(fs=fs) if samples is None else samples
    leads = form.get("leads", LEADS)
    header.parent.mkdir(parents=True, exist_ok=True)
    start = struct.pack("<5i", MAT_16, samples.shape[1], samples.shape[0], 0, 4) + b"val\0"
    before = form.get("before", start)
    header.with_suffix(".mat").write_bytes(before + samples.astype("<i2").tobytes())
    sums = (samples.astype(np.int64).sum(axis=0) + 32768) % 65536 - 32768
    lines = [f"{header.stem} {len(leads)} {fs} {len(samples)}"]
    for lead, total, first in zip(leads, sums, samples[0], strict=True):
        gain = form.get("gain", "1000/mV")
        lines.append(f"{header.stem}.mat 16+{len(before)} {gain} 16 0 {first} {total} 0 {lead}")
    header.write_text("\n".join([*lines, *(f"#{comment}" for comment in comments)]) + "\n", encoding="utf-8")
    return header
