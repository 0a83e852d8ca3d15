"""When atria and ventricles beat: one timeline for each rhythm."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from phantoms.physiology import Physiology

Origin = Literal["conducted", "premature_ventricular", "premature_atrial", "paced", "escape"]

LEAD_IN = 2.0
"""Seconds that are simulated before the recording begins, so that its first beat has a history."""

FIBRILLATION_CV = 0.20
"""Coefficient of variation of the RR intervals in fibrillation (gamma distributed)."""

RESPIRATORY_HZ = (0.13, 0.23)
"""Breaths per second in sinus arrhythmia."""

SINUS_IN_BLOCK = (70.0, 100.0)
"""P waves per minute in third-degree block."""

LEAST_ARRHYTHMIA = 0.08
"""Least coefficient of variation of the RR intervals in sinus arrhythmia."""

COUPLING = (0.58, 0.72)
"""Interval before a premature beat, as a share of the usual one."""


@dataclass(frozen=True)
class Beat:
    """A ventricular beat.

    Attributes
    ----------
    onset : float
        QRS onset in seconds from the beginning of the recording.
    origin : str
    """

    onset: float
    origin: Origin = "conducted"


@dataclass(frozen=True)
class Timeline:
    """The beats of a recording.

    Attributes
    ----------
    beats : tuple of Beat
        In order, from before the recording's beginning to behind its end.
    atrial : tuple of float
        Onset of each P wave in seconds.
    ectopic : frozenset of float
        Those of them that do not come from the sinus node.
    """

    beats: tuple[Beat, ...]
    atrial: tuple[float, ...]
    ectopic: frozenset[float] = frozenset()


def timeline(heart: Physiology, seconds: float, chance: np.random.Generator) -> Timeline:
    """Return the beats and P waves of a heart over a recording.

    A longer recording of the same stream begins as the shorter one does, but for premature beats, which are strewn over
    the whole of it, and the P waves of a third-degree block.
    """
    usual = 60.0 / heart.rate
    end = seconds + 1.0
    sinus = 60.0 / max(chance.uniform(*SINUS_IN_BLOCK), heart.rate * 1.5)
    onsets = _onsets(heart, usual, end, chance)
    if heart.rhythm == "paced":
        return Timeline(tuple(Beat(onset, "paced") for onset in onsets), ())
    if heart.rhythm in ("bigeminy", "trigeminy"):
        return _grouped(heart, 2 if heart.rhythm == "bigeminy" else 3, end, chance)
    if heart.av_block == "third_degree":
        atrial = _regular(sinus, end, 0.02, chance)
        return Timeline(tuple(Beat(onset, "escape") for onset in onsets), tuple(atrial))
    beats = _with_premature(heart, [Beat(onset) for onset in onsets], seconds, chance)
    if not heart.has_p or heart.pr is None:
        return Timeline(tuple(beats), ())
    atrial = [beat.onset - heart.pr / 1000 for beat in beats if beat.origin == "conducted"]
    early = [beat.onset - 0.9 * heart.pr / 1000 for beat in beats if beat.origin == "premature_atrial"]
    if heart.av_block == "second_degree":
        return _dropped(beats, atrial, heart.pr / 1000)
    return Timeline(tuple(beats), tuple(sorted(atrial + early)), frozenset(early))


def _onsets(heart: Physiology, usual: float, end: float, chance: np.random.Generator) -> list[float]:
    """Return the QRS onsets of the basic rhythm, jittered so that their mean interval is the usual one."""
    if heart.rhythm == "atrial_fibrillation":
        spread = max(heart.variability, FIBRILLATION_CV)
        shape, begun = 1 / spread**2, chance.random()
        intervals = np.maximum(chance.gamma(shape, usual / shape, round((end + LEAD_IN) / usual) + 8), 0.27)
        return _within(np.cumsum(intervals) - LEAD_IN - intervals[0] * begun, end)
    if heart.rhythm == "sinus_arrhythmia":
        depth = max(heart.variability, LEAST_ARRHYTHMIA) * np.sqrt(2)
        phase, onset, onsets = chance.uniform(0, 2 * np.pi), -LEAD_IN + usual * chance.random(), []
        hertz = chance.uniform(*RESPIRATORY_HZ)
        while onset < end:
            onsets.append(onset)
            breath = np.sin(2 * np.pi * hertz * onset + phase)
            onset += usual * (1 + depth * breath + 0.01 * chance.standard_normal())
        return onsets
    fixed = {"paced": 0.002, "atrial_flutter": 0.004, "supraventricular": 0.008}
    spread = fixed.get(heart.rhythm, heart.variability)
    if heart.av_block == "third_degree":
        spread = 0.01
    return _regular(usual, end, spread, chance)


def _regular(usual: float, end: float, spread: float, chance: np.random.Generator) -> list[float]:
    count, before = round((end + LEAD_IN) / usual) + 4, LEAD_IN + usual * chance.random()
    intervals = usual * (1 + spread * np.clip(chance.standard_normal(count), -2.5, 2.5))
    return _within(np.cumsum(intervals) - before, end)


def _within(onsets: np.ndarray, end: float) -> list[float]:
    return [float(onset) for onset in onsets if onset < end]


def _with_premature(heart: Physiology, beats: list[Beat], seconds: float, chance: np.random.Generator) -> list[Beat]:
    """Bring beats forward: behind a ventricular one the pause is compensatory, behind an atrial one shorter."""
    wanted = heart.premature_ventricular + heart.premature_atrial
    inside = [k for k in range(1, len(beats) - 1) if beats[k - 1].onset > 0.1 and beats[k].onset < seconds - 0.9]
    chosen = [int(place) for place in chance.permutation(inside)[:wanted]]
    kinds = ["premature_ventricular"] * heart.premature_ventricular + ["premature_atrial"] * heart.premature_atrial
    earlier = list(beats)
    for number, kind in sorted(zip(chosen, kinds, strict=False)):
        before = earlier[number - 1].onset
        share = chance.uniform(*COUPLING)
        moved = before + share * (earlier[number].onset - before)
        gained = earlier[number].onset - moved
        earlier[number] = Beat(moved, kind)  # type: ignore[arg-type]  # one of the two literals above
        if kind == "premature_atrial":
            later = [replace(beat, onset=beat.onset - 0.75 * gained) for beat in earlier[number + 1 :]]
            earlier[number + 1 :] = later
    return earlier


def _grouped(heart: Physiology, every: int, end: float, chance: np.random.Generator) -> Timeline:
    """Return a timeline in which every second or third beat is a premature ventricular one."""
    usual = 60.0 / heart.rate
    share = chance.uniform(*COUPLING)
    conducted = _regular(usual, end + 2 * usual, heart.variability, chance)
    beats, atrial = [], []
    for number, onset in enumerate(conducted):
        if number % every == every - 1 and number:
            before = conducted[number - 1]
            beats.append(Beat(before + share * (onset - before), "premature_ventricular"))
        else:
            beats.append(Beat(onset))
            atrial.append(onset - (heart.pr or 0.0) / 1000)
    return Timeline(tuple(beat for beat in beats if beat.onset < end), tuple(atrial))


def _dropped(beats: list[Beat], atrial: list[float], pr: float) -> Timeline:
    """Return a timeline of Mobitz type I: PR grows over three beats, and the fourth P wave is not conducted."""
    kept, waves = [], []
    for number, (beat, onset) in enumerate(zip(beats, sorted(atrial), strict=False)):
        waves.append(onset)
        place = number % 4
        if place < 3:
            kept.append(replace(beat, onset=onset + pr * (1 + 0.22 * place)))
    return Timeline(tuple(kept), tuple(waves))
