"""Probes an image encoder: features of every record by every renderer, and probes of every axis."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Cohort, Dataset
from bench.encoder.attentive import ATTENTIVE, Tokens, attentive_probes
from bench.encoder.features import FeatureFiles, Features, image_features, signal_features
from bench.encoder.probing import (
    FittedProbe,
    LabelledSplits,
    SplitRows,
    area_difference,
    best_probe,
    fitted_probes,
    reduced,
)
from bench.encoder.token_file import FITTED_ON, TOKENS, TokenFile, token_bytes
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
    tokens : int
        Runs of tokens of each case that the attentive probes see at most; 0 leaves them out.
    out : Path
    """

    model: str
    views: tuple[View, ...] = tuple(View(renderer=name) for name in RENDERERS)
    run: Path | None = None
    option: Mapping[str, str] = field(default_factory=dict)
    limit: int | None = None
    tokens: int = TOKENS
    out: Path = Path("encoder-probe")

    def token_file(self, features: Path, records: int, train: int) -> TokenFile | None:
        """Return where the tokens go that belong to a features file; None without attentive probes."""
        stem = features.with_name(features.name.removesuffix(".npz"))
        return TokenFile(stem, records, min(FITTED_ON, train), self.tokens) if self.tokens else None


@dataclass(frozen=True)
class AxisProbe:
    """The probes of one axis by one renderer.

    Attributes
    ----------
    renderer, axis : str
    n : int
        Test records with a label.
    probes : mapping of str to mapping of str to FittedProbe
        By source, then ``linear`` and ``mlp`` on pooled features, and ``attentive`` on the tokens of the encoder and of
        the untrained one.
    over_random, over_pixels : (float, (float, float)) or None
        The encoder's best area minus that of the source, with its 95% interval.
    over_pooled : (float, (float, float)) or None
        The attentive probe's area minus that of the encoder's best pooled one, with its 95% interval.
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
    over_pooled: tuple[float, tuple[float, float]] | None
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
        for number, named in enumerate(options.views, start=1):
            part, view = observer.part("renderer", number, len(options.views)), named.for_inputs(frozenset({"image"}))
            pages = f"{view.renderer}-{view.px_per_mm}-{labelled.cohort.signal_fingerprint}"
            path = options.out / "features" / f"{vlm.source.version}-{seed}-{pages}.npz"
            tokens = options.token_file(path, len(records), len(labelled.rows("train")))
            with part.progress(f"features, {view.renderer}") as report:
                images = image_features(encoder, records, view, FeatureFiles(path, tokens), report)
            observer.say(f"{view.renderer}: {len(records)} records, {images['encoder'].shape[1]} encoder features")
            seen = _Seen(view.renderer, {**images, SIGNAL: signal}, tokens.read() if tokens else {}, seed)
            probed += _probed(seen, labelled, verdicts, part)
    return probed


@dataclass(frozen=True)
class ProbeEstimate:
    """What a probe would take: records of all splits, and bytes of the tokens of each renderer at most."""

    records: int
    token_bytes: int


def estimate_probe(options: EncoderOptions, dataset: Dataset) -> ProbeEstimate:
    """Return what a probe would take; nothing is written and no model is loaded."""
    records = sum(len(dataset.cohort(split, limit=options.limit)) for split in PROBE_SPLITS)
    return ProbeEstimate(records, token_bytes(records, options.tokens))


def _labelled_records(dataset: Dataset, limit: int | None, observer: Observer) -> _LabelledRecords:
    cohorts = {split: dataset.cohort(split, limit=limit) for split in PROBE_SPLITS}
    records = cohorts["train"].of([record for cohort in cohorts.values() for record in cohort])
    with observer.progress("measuring") as report:
        records.measure(report)
    splits = tuple(split for split, cohort in cohorts.items() for _ in cohort)
    return _LabelledRecords(records, splits, tuple(records.truth(record).values for record in records))


@dataclass(frozen=True, eq=False)
class _Seen:
    """The features of every record by one renderer, the tokens by source (empty without), and the seed of trainings."""

    renderer: str
    features: Features
    tokens: Mapping[str, Tokens]
    seed: int


def _probed(
    seen: _Seen, labelled: _LabelledRecords, verdicts: Mapping[str, str], observer: Observer
) -> list[AxisProbe]:
    train = labelled.rows("train")
    components = {source: reduced(seen.features[source], train) for source in SOURCES}
    values = {name: [truth[name] for truth in labelled.values] for name in AXIS_NAMES}
    splits = {name: labelled.labelled(name) for name in AXIS_NAMES}
    attentive: dict[str, dict[str, FittedProbe]] = {}
    for source, tokens in seen.tokens.items():
        with observer.progress(f"attentive probes, {seen.renderer}, {source}", "epochs") as report:
            attentive[source] = attentive_probes(tokens, values, splits, report, seen.seed)
    probed = []
    with observer.progress(f"probing, {seen.renderer}", "axes") as report:
        for number, name in enumerate(AXIS_NAMES, start=1):
            pooled = {source: fitted_probes(components[source], values[name], splits[name]) for source in SOURCES}
            own = {source: {ATTENTIVE: found[name]} for source, found in attentive.items() if name in found}
            probes = {source: {**kinds, **own.get(source, {})} for source, kinds in pooled.items()}
            n = len(splits[name].test.rows)
            probed.append(_axis_probe(seen.renderer, name, n, probes, verdicts.get(name, "")))
            report(number, len(AXIS_NAMES))
    return probed


def _axis_probe(
    renderer: str, axis: str, n: int, probes: Mapping[str, Mapping[str, FittedProbe]], reader: str
) -> AxisProbe:
    pooled = {kind: probe for kind, probe in probes["encoder"].items() if kind != ATTENTIVE}
    best = {source: best_probe(kinds) for source, kinds in probes.items()}
    over_random, over_pixels = (_over(best["encoder"], best[other]) for other in ("random", "pixels"))
    return AxisProbe(
        renderer=renderer,
        axis=axis,
        n=n,
        probes=probes,
        over_random=over_random,
        over_pixels=over_pixels,
        over_pooled=_over(probes["encoder"].get(ATTENTIVE), best_probe(pooled)),
        reader=reader,
        verdict=encoder_verdict(best["encoder"], over_random, over_pixels, reader),
    )


def _over(first: FittedProbe | None, second: FittedProbe | None) -> tuple[float, tuple[float, float]] | None:
    return area_difference(first, second) if first and second else None


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
