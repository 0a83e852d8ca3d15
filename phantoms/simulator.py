"""Simulates a recording of a heart, with the exact onset and offset of every wave."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from phantoms.atria import fibrillation, flutter, p_loop
from phantoms.depolarisation import qrs_loop
from phantoms.error import PhantomError
from phantoms.lead import electrode_matrix, twelve_leads
from phantoms.loop import Loop, smooth_step
from phantoms.physiology import Physiology
from phantoms.recording import disturbance, respiration
from phantoms.repolarisation import repolarisation_loop
from phantoms.timing import Beat, Origin, Timeline, timeline

VERSION = "1.1.0"
"""Changes whenever a phantom of the same seed would change."""

CHEST_SPREAD = np.array([0.09, 0.08, 0.30, 0.23, 0.15, 0.12, 0.10, 0.10])[:, None]
"""Standard deviation of a person's factors on the entries of the lead matrix, for I, II and V1 to V6: the nearer an
electrode lies to the heart, the more its place matters."""

SPIKE_MS, SPIKE_BEFORE_MS = 2.0, 8.0
"""Width of a pacemaker's spike, and its time before the QRS onset."""

RELEASED_BEFORE = 1.0
"""Seconds before the recording from which waves are drawn, so that those that reach into it are whole."""


class Interval(NamedTuple):
    """Onset and offset of one wave in seconds from the beginning of the recording."""

    onset: float
    offset: float


@dataclass(frozen=True, eq=False)
class Phantom:
    """A simulated recording and what is true of it.

    Attributes
    ----------
    mv : float32 array (12, n_samples) in mV
        Lead order I II III aVR aVL aVF V1..V6.
    fs : float
        Sampling rate in Hz.
    heart : Physiology
    beats : tuple of Beat
        Those whose QRS complex begins inside the recording.
    p, qrs, t : tuple of Interval
        The P waves and QRS complexes that begin inside the recording, by the dipole itself: from the first to the last
        instant at which it is not 0; and the T wave of each of these complexes, to its end (a U wave may follow).
    """

    mv: NDArray[np.float32]
    fs: float
    heart: Physiology
    beats: tuple[Beat, ...]
    p: tuple[Interval, ...]
    qrs: tuple[Interval, ...]
    t: tuple[Interval, ...]

    @property
    def rate(self) -> float:
        """The mean ventricular rate in 1/min, 60 (n - 1) / (first to last QRS onset); NaN with fewer than two beats."""
        return _mean_rate([wave.onset for wave in self.qrs])


def simulate(heart: Physiology, seed: int, seconds: float = 10.0, fs: float = 500.0) -> Phantom:
    """Simulate a recording.

    Every part (beats, chest, noise ...) has a random stream of its own, so that one changed parameter leaves the rest
    as it was.

    Parameters
    ----------
    heart : Physiology
    seed : int
        At least 0.
    seconds, fs : float
        Length, and sampling rate in Hz.

    Raises
    ------
    PhantomError
        When the seed is no whole number of at least 0, or length or rate leave no sample.
    """
    _check(seed, seconds, fs)
    samples = round(seconds * fs)
    times = np.arange(samples) / fs
    beats = timeline(heart, seconds, stream(seed, "beats"))
    dipole = np.zeros((samples, 3))
    breathing = 1 + heart.noise.respiration * respiration(times, stream(seed, "breath"))
    potentials = electrode_matrix(chest_of(seed))
    waves = _ventricular(dipole, _Loops(heart, focus_of(seed), twelve_leads(potentials)[:2]), beats, fs)
    dipole *= breathing[:, None]
    p = _atrial(dipole, heart, beats, times, seed)
    electrodes = potentials @ dipole.T
    if heart.rhythm == "paced":
        electrodes += _spikes(beats, times, fs, stream(seed, "pacemaker"))
    electrodes += disturbance(heart.noise, samples, fs, stream(seed, "noise"))
    inside = tuple(beat for beat in beats.beats if 0 <= beat.onset < seconds)
    leads = twelve_leads(electrodes).astype(np.float32)
    return Phantom(leads, fs, heart, inside, _inside(p, seconds), *_whole(waves, seconds))


def rate_of_heart(heart: Physiology, seed: int, seconds: float = 10.0) -> float:
    """Return the mean ventricular rate that :func:`simulate` would give, without simulating the signal."""
    beats = timeline(heart, seconds, stream(seed, "beats")).beats
    return _mean_rate([beat.onset for beat in beats if 0 <= beat.onset < seconds])


def _mean_rate(onsets: Sequence[float]) -> float:
    return 60 * (len(onsets) - 1) / (onsets[-1] - onsets[0]) if len(onsets) > 1 else float("nan")


def stream(seed: int, part: str) -> np.random.Generator:
    """Return the random stream of one part of a recording."""
    digest = hashlib.sha256(f"{seed} {part}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))


def chest_of(seed: int) -> NDArray[np.float64]:
    """Return a person's factors on the entries of the lead matrix, float64 (8, 3)."""
    return np.asarray(1 + CHEST_SPREAD * stream(seed, "chest").standard_normal((8, 3)), dtype=np.float64)


def focus_of(seed: int) -> float:
    """Return where in the ventricles a person's premature beats arise, from 0 to 1."""
    return float(stream(seed, "focus").random())


def _check(seed: int, seconds: float, fs: float) -> None:
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise PhantomError(f"a seed must be a whole number of at least 0, not {seed!r}")
    if not (np.isfinite(seconds) and np.isfinite(fs)) or seconds <= 0 or fs < 50 or round(seconds * fs) < 2:
        raise PhantomError(f"a recording of {seconds:g} s at {fs:g} Hz cannot be simulated; fs is at least 50 Hz")


@dataclass(frozen=True, eq=False)
class _Loops:
    """The QRS and ST-T loops of a heart in one person, made once for each origin of a beat."""

    heart: Physiology
    focus: float
    limb: NDArray[np.float64]
    made: dict[Origin, tuple[Loop, Loop, float]] = field(default_factory=dict)

    def of(self, origin: Origin) -> tuple[Loop, Loop, float]:
        if origin not in self.made:
            qrs = qrs_loop(self.heart, origin, self.focus, self.limb)
            self.made[origin] = (qrs, *repolarisation_loop(self.heart, origin, self.focus))
        return self.made[origin]


def _ventricular(
    dipole: NDArray[np.float64], loops: "_Loops", beats: Timeline, fs: float
) -> tuple[list[Interval], list[Interval]]:
    """Add every beat's QRS complex, ST segment and T wave; return the intervals of QRS and of T."""
    qrs, t, turns = [], [], []
    for beat in beats.beats:
        if beat.onset < -RELEASED_BEFORE:
            continue
        complex_, rest, t_end = loops.of(beat.origin)
        begin = beat.onset + 0.55 * complex_.duration
        turns += [_Turn(complex_, beat.onset), _Turn(rest, beat.onset, begin)]
        qrs.append(Interval(beat.onset, beat.onset + complex_.duration))
        t.append(Interval(begin, beat.onset + t_end))
    _add(dipole, turns, fs)
    return qrs, t


class _Turn(NamedTuple):
    """A loop at its time in seconds; ``released`` is when it begins to rise, where that is later than its onset."""

    loop: Loop
    onset: float
    released: float | None = None


def _add(dipole: NDArray[np.float64], turns: Sequence[_Turn], fs: float) -> None:
    """Add loops in their order; each is worked out at once for all of its turns, which saves half of the time."""
    of_loop: dict[int, list[int]] = {}
    for number, turn in enumerate(turns):
        of_loop.setdefault(id(turn.loop), []).append(number)
    added: dict[int, tuple[slice, NDArray[np.float64]]] = {}
    for numbers in of_loop.values():
        same = [turns[number] for number in numbers]
        added |= zip(numbers, _each_turn(same, len(dipole), fs), strict=True)
    for number in range(len(turns)):
        place, values = added[number]
        dipole[place] += values


def _each_turn(turns: Sequence[_Turn], samples: int, fs: float) -> list[tuple[slice, NDArray[np.float64]]]:
    """Return where each turn of one loop lies in a recording, and the dipole there."""
    loop = turns[0].loop
    first = [max(0, math.ceil(turn.onset * fs)) for turn in turns]
    last = [min(samples, math.floor((turn.onset + loop.duration) * fs) + 1) for turn in turns]
    sizes = [max(0, end - begin) for begin, end in zip(first, last, strict=True)]
    ends = list(accumulate(sizes))
    seconds = np.concatenate([np.arange(begin, begin + n) for begin, n in zip(first, sizes, strict=True)]) / fs
    values = loop.at(seconds - np.repeat([turn.onset for turn in turns], sizes))
    if turns[0].released is not None:
        released = np.repeat([turn.released for turn in turns if turn.released is not None], sizes)
        values *= smooth_step((seconds - released) / 0.05)[:, None]
    return [(slice(begin, begin + n), values[end - n : end]) for begin, n, end in zip(first, sizes, ends, strict=True)]


def _atrial(
    dipole: NDArray[np.float64], heart: Physiology, beats: Timeline, times: NDArray[np.float64], seed: int
) -> list[Interval]:
    """Add P, f or flutter waves; return the intervals of the P waves."""
    if heart.rhythm == "atrial_fibrillation":
        dipole += fibrillation(times, stream(seed, "atria"))
        return []
    if heart.rhythm == "atrial_flutter":
        dipole += flutter(times, heart.rate * heart.flutter_ratio, beats.beats[0].onset - 0.12)
        return []
    sinus, ectopic = p_loop(heart), p_loop(heart, ectopic=True)
    loops = [ectopic if onset in beats.ectopic else sinus for onset in beats.atrial]
    turns = [_Turn(loop, onset) for onset, loop in zip(beats.atrial, loops, strict=True)]
    _add(dipole, turns, 1 / (times[1] - times[0]))
    return [Interval(onset, onset + loop.duration) for onset, loop in zip(beats.atrial, loops, strict=True)]


def _spikes(beats: Timeline, times: NDArray[np.float64], fs: float, chance: np.random.Generator) -> NDArray[np.float64]:
    """Return the pacemaker's spikes at the nine electrodes, float64 (9, n) in mV: steep, and of one polarity."""
    strength = chance.uniform(0.3, 1.2) * np.array([0.5, -0.2, -0.9, -0.5, -0.8, -0.9, -0.8, -0.6, -0.4])
    pulse = np.zeros(len(times))
    for beat in beats.beats:
        first = round((beat.onset - SPIKE_BEFORE_MS / 1000) * fs)
        if 0 <= first < len(times):
            pulse[first : first + max(1, round(SPIKE_MS / 1000 * fs))] = 1.0
    return np.asarray(strength[:, None] * pulse, dtype=np.float64)


def _whole(waves: tuple[list[Interval], list[Interval]], seconds: float) -> tuple[tuple[Interval, ...], ...]:
    """Return the QRS complexes that begin inside the recording, and their T waves."""
    chosen = [pair for pair in zip(*waves, strict=True) if 0 <= pair[0].onset < seconds]
    return tuple(qrs for qrs, _ in chosen), tuple(t for _, t in chosen)


def _inside(waves: list[Interval], seconds: float) -> tuple[Interval, ...]:
    return tuple(wave for wave in waves if 0 <= wave.onset < seconds)
