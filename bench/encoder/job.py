"""A whole probe of an image encoder: features of every record by every renderer, probes of every axis, and the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Cohort, Dataset, open_dataset
from bench.encoder.features import Features, image_features, signal_features
from bench.encoder.probing import Fold, Folds, Probed, area_difference, chosen, probe, reduced
from bench.progress import progress
from bench.run.folder import RunFolder
from bench.score import Score
from bench.storage import held
from readers.option import parsed_options
from readers.vlm.encoder import ImageEncoder
from readers.vlm.loading import loaded
from readers.vlm.option import VlmOptions
from renderers import RENDERERS, renderer
from taxonomy.axis import AXES, AxisValue

SPLITS = ("train", "val", "test")
"""They teach, choose and tell."""

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
    data : Path or None
    renderers : tuple of str
    px_per_mm : int
    run : Path or None
        A run of the same model, for what its language model makes of the features.
    option : mapping of str to str
        How the model is loaded, as after ``--option``.
    seed : int
        Of the untrained encoder.
    limit : int or None
        Records of each split at most.
    out : Path
    """

    model: str
    data: Path | None = None
    renderers: tuple[str, ...] = tuple(RENDERERS)
    px_per_mm: int = 6
    run: Path | None = None
    option: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
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
    probes : mapping of str to mapping of str to Probed
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
    probes: Mapping[str, Mapping[str, Probed]]
    over_random: tuple[float, tuple[float, float]] | None
    over_pixels: tuple[float, tuple[float, float]] | None
    reader: str
    verdict: str


@dataclass(frozen=True, eq=False)
class _Labelled:
    """Records of the three splits, and the truth of each on every axis."""

    records: Cohort
    values: list[Mapping[str, AxisValue | None]]

    def folds(self, axis: str) -> Folds:
        """Return the splits of the records with a label on an axis."""
        known = [row for row, values in enumerate(self.values) if values[axis] is not None]
        return Folds(*(self._fold([row for row in known if self._is_in(row, split)]) for split in SPLITS))

    def rows(self, split: str) -> NDArray[np.int64]:
        """Return the rows of one split."""
        return np.array([row for row in range(len(self.records)) if self._is_in(row, split)], dtype=np.int64)

    def _is_in(self, row: int, split: str) -> bool:
        return self.records[row].fold in self.records.dataset.split(split).folds

    def _fold(self, rows: list[int]) -> Fold:
        patients = [self.records[row].patient_id for row in rows]
        return Fold(np.array(rows, dtype=np.int64), np.unique(patients, return_inverse=True)[1])


def probe_encoder(options: EncoderOptions, say: Callable[[str], None]) -> tuple[list[AxisProbe], Dataset]:
    """Probe the image encoder of a model.

    Raises
    ------
    taxonomy.error.BenchError
        When the model, the data or a renderer are not there, or ``out`` cannot be written.
    """
    for name in options.renderers:
        renderer(name)
    dataset, reader = open_dataset(options.data), _verdicts(options.run)
    vlm = loaded(options.model, parsed_options(VlmOptions, options.option))
    encoder = ImageEncoder.of(vlm, options.seed)
    labelled = _labelled(dataset, options.limit)
    found: list[AxisProbe] = []
    with held(options.out):
        with progress(SIGNAL) as report:
            signal = signal_features(labelled.records, report)
        for name in options.renderers:
            shown = f"{name}-{options.px_per_mm}-{labelled.records.fingerprint}"
            keep = options.out / "features" / f"{vlm.source.version}-{options.seed}-{shown}.npz"
            with progress(f"features, {name}") as report:
                images = image_features(encoder, labelled.records, (name, options.px_per_mm), keep, report)
            say(f"{name}: {len(labelled.records)} records, {images['encoder'].shape[1]} features of the encoder")
            found += _probed(name, {**images, SIGNAL: signal}, labelled, reader)
    return found, dataset


def _labelled(dataset: Dataset, limit: int | None) -> _Labelled:
    chosen = tuple(record for split in SPLITS for record in dataset.cohort(split, limit=limit))
    records = Cohort(dataset, chosen, "all")
    with progress("measuring") as report:
        records.measure(report)
    return _Labelled(records, [truth.values for truth in records.truths().values()])


def _verdicts(run: Path | None) -> Mapping[str, str]:
    """Return the verdict of a run's score on each axis; nothing without a run."""
    if run is None:
        return {}
    score: Score = RunFolder(run).score()
    return {axis.axis: axis.verdict for axis in score.axes if axis.n}


def _probed(name: str, features: Features, labelled: _Labelled, reader: Mapping[str, str]) -> list[AxisProbe]:
    train = labelled.rows("train")
    small: dict[str, NDArray[np.float64]] = {source: reduced(features[source], train) for source in SOURCES}
    found = []
    with progress(f"probing, {name}", "axes") as report:
        for number, axis in enumerate(AXES, start=1):
            folds, values = labelled.folds(axis.name), [one[axis.name] for one in labelled.values]
            probes = {source: probe(small[source], values, folds) for source in SOURCES}
            found.append(_axis_probe(name, axis.name, len(folds.test.rows), probes, reader.get(axis.name, "")))
            report(number, len(AXES))
    return found


def _axis_probe(name: str, axis: str, n: int, probes: Mapping[str, Mapping[str, Probed]], reader: str) -> AxisProbe:
    best = {source: chosen(found) for source, found in probes.items()}
    encoder, random, pixels = best["encoder"], best["random"], best["pixels"]
    over_random = area_difference(encoder, random) if encoder and random else None
    over_pixels = area_difference(encoder, pixels) if encoder and pixels else None
    said = verdict(encoder, over_random, over_pixels, reader)
    return AxisProbe(name, axis, n, probes, over_random, over_pixels, reader, said)


def verdict(
    encoder: Probed | None,
    over_random: tuple[float, tuple[float, float]] | None,
    over_pixels: tuple[float, tuple[float, float]] | None,
    reader: str = "",
) -> str:
    """Say in plain words whether the encoder carries an axis, and whether the language model uses it.

    Parameters
    ----------
    encoder : Probed or None
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
