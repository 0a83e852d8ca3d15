"""A whole probe of an image encoder: features of every record by every renderer, and probes of every axis."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Cohort, Dataset
from bench.encoder.features import Features, image_features, signal_features
from bench.encoder.probing import (
    FittedProbe,
    LabelledSplits,
    SplitRows,
    area_difference,
    best_probe,
    fitted_probes,
    reduced,
)
from bench.progress import SILENT, Observer
from bench.run.folder import RunFolder
from bench.score import Score
from bench.score.bootstrap import patient_numbers
from bench.storage import held
from bench.view import View
from readers.setting import parsed_options
from readers.vlm.encoder import ImageEncoder
from readers.vlm.loading import loaded
from readers.vlm.option import VlmOptions
from renderers import RENDERERS
from taxonomy.axis import AXES, AxisValue

SIGNAL = "resnet1d"
SOURCES = ("encoder", "projected", "random", "pixels", SIGNAL)
"""Whose features are probed: the encoder's, what the language model is given of them, those of an untrained encoder of
the same shape, the pixels themselves, and those of the signal-native network."""


@dataclass(frozen=True)
class EncoderOptions:
    """What is probed.

    Attributes
    ----------
    model : str
    views : tuple of View
        One for each renderer.
    run : Path or None
        A run of the same model, for what its language model makes of the features.
    option : mapping of str to str
        How the model is loaded, as after ``--option``.
    limit : int or None
        Records of each split at most.
    out : Path
    """

    model: str
    views: tuple[View, ...] = tuple(View(renderer=name) for name in RENDERERS)
    run: Path | None = None
    option: Mapping[str, str] = field(default_factory=dict)
    limit: int | None = None
    out: Path = Path("encoder-probe")


@dataclass(frozen=True)
class AxisProbe:
    """One axis by one renderer.

    Attributes
    ----------
    renderer, axis : str
    n : int
        Test records with a label.
    probes : mapping of str to mapping of str to FittedProbe
        By source, then ``linear`` and ``mlp``.
    over_random, over_pixels : (float, (float, float)) or None
        By how much the encoder's area is larger, with its 95% interval.
    reader : str
        Verdict of the model's own run on the axis; empty without one.
    verdict : str
    """

    renderer: str
    axis: str
    n: int
    probes: Mapping[str, Mapping[str, FittedProbe]]
    over_random: tuple[float, tuple[float, float]] | None
    over_pixels: tuple[float, tuple[float, float]] | None
    reader: str
    verdict: str


SPLITS = ("train", "val", "test")
"""The first teaches, the second chooses, the third tells."""


@dataclass(frozen=True, eq=False)
class _Labelled:
    """Records of every split, which of the splits each is of, and the truth of each on every axis."""

    cohort: Cohort
    splits: tuple[str, ...]
    values: tuple[Mapping[str, AxisValue | None], ...]

    def folds(self, axis: str) -> LabelledSplits:
        """Return the splits of the records with a label on an axis."""
        known = [row for row, values in enumerate(self.values) if values[axis] is not None]
        return LabelledSplits(*(self._fold([row for row in known if self.splits[row] == split]) for split in SPLITS))

    @property
    def train(self) -> NDArray[np.int64]:
        """Rows of the split that teaches."""
        return np.array([row for row, split in enumerate(self.splits) if split == "train"], dtype=np.int64)

    def _fold(self, rows: list[int]) -> SplitRows:
        return SplitRows(np.array(rows, dtype=np.int64), patient_numbers([self.cohort[row].patient_id for row in rows]))


def probe_encoder(options: EncoderOptions, dataset: Dataset, observer: Observer = SILENT) -> list[AxisProbe]:
    """Probe the image encoder of a model.

    Raises
    ------
    taxonomy.error.BenchError
        When the model or a run is not there, or ``out`` cannot be written.
    """
    reader, seed = _verdicts(options.run), options.views[0].seed
    vlm = loaded(options.model, parsed_options(VlmOptions, options.option))
    encoder = ImageEncoder.of(vlm, seed)
    labelled = _labelled(dataset, options.limit, observer)
    records = labelled.cohort.records
    found: list[AxisProbe] = []
    with held(options.out):
        with observer.progress(SIGNAL) as report:
            signal = signal_features(records, report)
        for view in (view.for_inputs(frozenset({"image"})) for view in options.views):
            shown = f"{view.renderer}-{view.px_per_mm}-{labelled.cohort.fingerprint}"
            keep = options.out / "features" / f"{vlm.source.version}-{seed}-{shown}.npz"
            with observer.progress(f"features, {view.renderer}") as report:
                images = image_features(encoder, records, view, keep, report)
            observer.say(f"{view.renderer}: {len(records)} records, {images['encoder'].shape[1]} encoder features")
            found += _probed(view.renderer, {**images, SIGNAL: signal}, labelled, reader, observer)
    return found


def _labelled(dataset: Dataset, limit: int | None, observer: Observer) -> _Labelled:
    parts = {split: dataset.cohort(split, limit=limit) for split in SPLITS}
    whole = parts["train"].of([record for part in parts.values() for record in part])
    with observer.progress("measuring") as report:
        whole.measure(report)
    splits = tuple(split for split, part in parts.items() for _ in part)
    return _Labelled(whole, splits, tuple(whole.truth(record).values for record in whole))


def _verdicts(run: Path | None) -> Mapping[str, str]:
    """Return the verdict of a run's score on each axis; nothing without a run."""
    if run is None:
        return {}
    score: Score = RunFolder(run).score()
    return {axis.axis: axis.verdict for axis in score.axes if axis.n}


def _probed(
    name: str, features: Features, labelled: _Labelled, reader: Mapping[str, str], observer: Observer
) -> list[AxisProbe]:
    small: dict[str, NDArray[np.float64]] = {source: reduced(features[source], labelled.train) for source in SOURCES}
    found = []
    with observer.progress(f"probing, {name}", "axes") as report:
        for number, axis in enumerate(AXES, start=1):
            folds, values = labelled.folds(axis.name), [one[axis.name] for one in labelled.values]
            probes = {source: fitted_probes(small[source], values, folds) for source in SOURCES}
            found.append(_axis_probe(name, axis.name, len(folds.test.rows), probes, reader.get(axis.name, "")))
            report(number, len(AXES))
    return found


def _axis_probe(
    name: str, axis: str, n: int, probes: Mapping[str, Mapping[str, FittedProbe]], reader: str
) -> AxisProbe:
    best = {source: best_probe(found) for source, found in probes.items()}
    encoder, random, pixels = best["encoder"], best["random"], best["pixels"]
    over_random = area_difference(encoder, random) if encoder and random else None
    over_pixels = area_difference(encoder, pixels) if encoder and pixels else None
    said = encoder_verdict(encoder, over_random, over_pixels, reader)
    return AxisProbe(name, axis, n, probes, over_random, over_pixels, reader, said)


def encoder_verdict(
    encoder: FittedProbe | None,
    over_random: tuple[float, tuple[float, float]] | None,
    over_pixels: tuple[float, tuple[float, float]] | None,
    reader: str = "",
) -> str:
    """Say in plain words whether the encoder carries an axis, and whether the language model uses it.

    Parameters
    ----------
    encoder : FittedProbe or None
        The probe of its features that the validation split likes best.
    over_random, over_pixels : (float, (float, float)) or None
        By how much its area is larger than those of an untrained encoder and of the pixels.
    reader : str
        Verdict of the model's own answers; empty where there are none.
    """
    if encoder is None:
        return "cannot tell"
    if encoder.interval[0] <= 0.5:
        return "not found"
    more = all(part is not None and part[1][0] > 0 for part in (over_random, over_pixels))
    said = "in the encoder" if more else "no more than pixels or untrained"
    if not reader:
        return said
    return f"{said}; the language model {'uses it' if reader == 'above prior' else 'does not use it'}"
