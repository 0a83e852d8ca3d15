"""Probes an image encoder: features of every record by every renderer, and probes of every axis."""

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
from bench.score.bootstrap import patient_numbers
from bench.storage import held
from bench.view import View
from readers.setting import parsed_options
from readers.vlm.encoder import ImageEncoder
from readers.vlm.loading import load_vlm
from readers.vlm.option import VlmOptions
from renderers import RENDERERS
from taxonomy.axis import AXIS_NAMES, AxisValue

SIGNAL = "resnet1d"
SOURCES = ("encoder", "projected", "random", "pixels", SIGNAL)
"""Sources of features: the encoder, its projection into the language model, an untrained encoder of the same shape, the
pixels, and the signal-native network."""


@dataclass(frozen=True)
class EncoderOptions:
    """What to probe.

    Attributes
    ----------
    model : str
    views : tuple of View
        One per renderer.
    run : Path or None
        A run of the same model, whose verdicts tell what its language model uses.
    option : mapping of str to str
        How to load the model, as given to ``--option``.
    limit : int or None
        Records per split at most.
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
    """The probes of one axis by one renderer.

    Attributes
    ----------
    renderer, axis : str
    n : int
        Test records with a label.
    probes : mapping of str to mapping of str to FittedProbe
        By source, then ``linear`` and ``mlp``.
    over_random, over_pixels : (float, (float, float)) or None
        The encoder's area minus that of the source, with its 95% interval.
    reader : str
        Verdict on the axis in the model's own run; empty without one.
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


PROBE_SPLITS = ("train", "val", "test")
"""Splits on which probes are fitted, chosen and reported."""


@dataclass(frozen=True, eq=False)
class _LabelledRecords:
    """The records of all splits, with the split and the truth of each."""

    cohort: Cohort
    splits: tuple[str, ...]
    values: tuple[Mapping[str, AxisValue | None], ...]

    def rows(self, split: str, axis: str = "") -> NDArray[np.int64]:
        """Return the rows of a split, only those with a label on the axis if one is named."""
        labelled = (not axis or values[axis] is not None for values in self.values)
        chosen = [name == split and is_labelled for name, is_labelled in zip(self.splits, labelled, strict=True)]
        return np.flatnonzero(chosen)

    def labelled(self, axis: str) -> LabelledSplits:
        """Return the three splits of the records with a label on an axis."""
        rows = [self.rows(split, axis) for split in PROBE_SPLITS]
        patients = [record.patient_id for record in self.cohort]
        return LabelledSplits(*(SplitRows(split, patient_numbers([patients[row] for row in split])) for split in rows))


def probe_encoder(options: EncoderOptions, dataset: Dataset, observer: Observer = SILENT) -> list[AxisProbe]:
    """Probe the image encoder of a model.

    Raises
    ------
    taxonomy.error.BenchError
        When the model or the run does not exist, or ``out`` cannot be written.
    """
    run_axes = RunFolder(options.run).score().axes if options.run else ()
    verdicts, seed = {axis.axis: axis.verdict for axis in run_axes if axis.n}, options.views[0].seed
    vlm = load_vlm(options.model, parsed_options(VlmOptions, options.option))
    encoder = ImageEncoder.of(vlm, seed)
    labelled = _labelled_records(dataset, options.limit, observer)
    records = labelled.cohort.records
    probed: list[AxisProbe] = []
    with held(options.out):
        with observer.progress(SIGNAL) as report:
            signal = signal_features(records, report)
        for view in (view.for_inputs(frozenset({"image"})) for view in options.views):
            pages = f"{view.renderer}-{view.px_per_mm}-{labelled.cohort.signal_fingerprint}"
            path = options.out / "features" / f"{vlm.source.version}-{seed}-{pages}.npz"
            with observer.progress(f"features, {view.renderer}") as report:
                images = image_features(encoder, records, view, path, report)
            observer.say(f"{view.renderer}: {len(records)} records, {images['encoder'].shape[1]} encoder features")
            probed += _probed(view.renderer, {**images, SIGNAL: signal}, labelled, verdicts, observer)
    return probed


def _labelled_records(dataset: Dataset, limit: int | None, observer: Observer) -> _LabelledRecords:
    cohorts = {split: dataset.cohort(split, limit=limit) for split in PROBE_SPLITS}
    records = cohorts["train"].of([record for cohort in cohorts.values() for record in cohort])
    with observer.progress("measuring") as report:
        records.measure(report)
    splits = tuple(split for split, cohort in cohorts.items() for _ in cohort)
    return _LabelledRecords(records, splits, tuple(records.truth(record).values for record in records))


def _probed(
    renderer: str, features: Features, labelled: _LabelledRecords, verdicts: Mapping[str, str], observer: Observer
) -> list[AxisProbe]:
    train = labelled.rows("train")
    components = {source: reduced(features[source], train) for source in SOURCES}
    probed = []
    with observer.progress(f"probing, {renderer}", "axes") as report:
        for number, name in enumerate(AXIS_NAMES, start=1):
            splits, values = labelled.labelled(name), [truth[name] for truth in labelled.values]
            probes = {source: fitted_probes(components[source], values, splits) for source in SOURCES}
            best = {source: best_probe(fitted) for source, fitted in probes.items()}
            encoder, random, pixels = best["encoder"], best["random"], best["pixels"]
            over_random = area_difference(encoder, random) if encoder and random else None
            over_pixels = area_difference(encoder, pixels) if encoder and pixels else None
            reader = verdicts.get(name, "")
            verdict = encoder_verdict(encoder, over_random, over_pixels, reader)
            n = len(splits.test.rows)
            probed.append(AxisProbe(renderer, name, n, probes, over_random, over_pixels, reader, verdict))
            report(number, len(AXIS_NAMES))
    return probed


def encoder_verdict(
    encoder: FittedProbe | None,
    over_random: tuple[float, tuple[float, float]] | None,
    over_pixels: tuple[float, tuple[float, float]] | None,
    reader: str = "",
) -> str:
    """Say in plain words whether the encoder carries an axis and whether the language model uses it.

    Parameters
    ----------
    encoder : FittedProbe or None
        Its best probe on the validation split.
    over_random, over_pixels : (float, (float, float)) or None
        Its area minus those of an untrained encoder and of the pixels.
    reader : str
        Verdict on the model's own answers; empty without any.
    """
    if encoder is None:
        return "cannot tell"
    if encoder.interval[0] <= 0.5:
        return "not found"
    is_better = all(gain is not None and gain[1][0] > 0 for gain in (over_random, over_pixels))
    carries = "in the encoder" if is_better else "no more than pixels or untrained"
    if not reader:
        return carries
    return f"{carries}; the language model {'uses it' if reader.startswith('knows it') else 'does not use it'}"
