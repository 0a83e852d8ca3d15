"""Which maps of a reader deserve belief: all of it in one call, that goes on where it was killed."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from bench.dataset import Cohort, Dataset, RecordId
from bench.explain.belief.judging import Figures, Row, judged, rows
from bench.explain.belief.planted import TRACINGS, Known, known_truth, parted, taught, tracings
from bench.explain.belief.sample import EACH, Positive, positives
from bench.explain.maps.method import Method, chosen, network_of, output_named
from bench.progress import SILENT, Observer
from bench.storage import append, held, opened_for_append
from readers.contract import Reader
from readers.network import Output
from taxonomy.error import FileError, ReaderError, RunError
from taxonomy.outside import outside_lines, outside_object

Found = dict[tuple[RecordId, Output], tuple[Figures, ...]]


@dataclass(frozen=True)
class BeliefOptions:
    """What is judged.

    Attributes
    ----------
    methods : tuple of str
        Without any, all that are not slow.
    targets : tuple of str
        Such as ``conduction=lbbb``; without any, every finding that has an expected region.
    layer : str
        For methods that need one; without it the last.
    each : int
        Patients of each finding at most.
    tracings : int
        Recordings for the known truth, from the same dataset.
    seed : int
    """

    methods: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    layer: str = ""
    each: int = EACH
    tracings: int = TRACINGS
    seed: int = 0


@dataclass(frozen=True)
class Belief:
    """What is known of every method on a reader.

    Attributes
    ----------
    reader : str
    rows : tuple of Row
    truth : tuple of Known
        How well each method finds planted evidence.
    figures : tuple of Figures
        Of every method on every answer.
    """

    reader: str
    rows: tuple[Row, ...]
    truth: tuple[Known, ...]
    figures: tuple[Figures, ...]

    def to_json(self) -> dict[str, Any]:
        """Return all of it as JSON data."""
        return asdict(self)


def belief(  # noqa: PLR0913  # what is judged, by what, where it is kept and who is told
    reader: Reader,
    cohort: Cohort,
    options: BeliefOptions,
    truth: Sequence[Known] = (),
    folder: Path | None = None,
    observer: Observer = SILENT,
    found: Sequence[Positive] = (),
) -> Belief:
    """Return which of a reader's maps deserve belief.

    Parameters
    ----------
    reader : Reader
        One that has a network; a black box has no random weights to compare with.
    cohort : Cohort
        Whose right answers are explained.
    options : BeliefOptions
    truth : sequence of Known
        Of :func:`truth_of`, once for all readers of the same methods; without it no map can be called faithful.
    folder : Path, optional
        Keeps the figures of each answer as they come (``figures.jsonl``), so that a killed call goes on from there.
    observer : Observer
    found : sequence of Positive
        The right answers of this reader's network to these targets, where they are known already.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When a method, a target or the layer is none; the message names the nearest.
    taxonomy.error.ReaderError
        When the reader is a black box.
    taxonomy.error.RunError
        When no answer is right or the folder holds other figures.
    """
    methods = chosen(options.methods)
    network = network_of(reader, methods)
    if network is None:
        raise ReaderError(
            f"reader {reader.name!r} is a black box: its weights cannot be drawn at random, so that no verdict on its "
            "maps is possible"
        )
    outputs = [output_named(network, target) for target in options.targets]
    explained = found or positives(network, cohort, outputs, options.each, observer)
    figures = _figures(explained, methods, options, _kept(folder, reader, cohort, options), observer)
    return Belief(reader.name, rows(reader.name, figures, truth), tuple(truth), tuple(figures))


def _kept(folder: Path | None, reader: Reader, cohort: Cohort, options: BeliefOptions) -> "_Kept | None":
    if folder is None:
        return None
    of = {
        "reader": reader.name,
        "details": dict(getattr(reader, "details", {})),
        "records": cohort.signal_fingerprint,
        "options": asdict(options),
    }
    return _Kept(folder / "figures.jsonl", json.loads(json.dumps(of)))


def truth_of(dataset: Dataset, options: BeliefOptions) -> list[Known]:
    """Return how well methods find what is planted in recordings of a dataset; no reader has a part in it.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When a method is none; the message names the nearest.
    taxonomy.error.RunError
        When there are too few recordings, or the network that is taught on them does not find what is planted.
    """
    given, held_out = parted(tracings(dataset, options.tracings))
    return known_truth(taught(given, held_out, options.seed), held_out, chosen(options.methods), options.seed)


@dataclass(frozen=True)
class _Kept:
    """The figures of each answer on disk, a line each, behind one that says what they are of."""

    path: Path
    settings: Mapping[str, Any]

    def earlier(self) -> Found:
        """Return what is there; raises RunError when it is of something else."""
        if not self.path.is_file():
            return {}
        with outside_lines(self.path, what="the figures") as text:
            entries = [outside_object(line, self.path) for line in text if line.endswith("\n")]
        if entries and entries[0] != self.settings:
            raise RunError(f"{self.path} holds figures of another reader, dataset or choice: name another folder")
        try:
            each = [tuple(Figures.from_json(one) for one in entry["figures"]) for entry in entries[1:]]
            return {(of[0].ecg_id, (of[0].head, of[0].value)): of for of in each}
        except (KeyError, TypeError, IndexError) as error:
            raise FileError(f"{self.path} holds no figures ({error!r}); remove it") from error


def _figures(
    found: Sequence[Positive], methods: Sequence[Method], options: BeliefOptions, kept: _Kept | None, observer: Observer
) -> list[Figures]:
    """Return the figures of every answer, those that are kept among them; the others are kept as they come."""
    earlier = kept.earlier() if kept else {}
    left = [one for one in found if (one.ecg_id, one.output) not in earlier]
    if earlier:
        observer.say(f"{len(found) - len(left)} of {len(found)} answers are already judged")
    by_answer = dict(earlier)
    with ExitStack() as stack:
        keep = stack.enter_context(_appending(kept, bool(earlier))) if kept else None
        report = stack.enter_context(observer.progress("judging maps", "answers"))
        every = judged(left, methods, options.layer, options.seed)
        for number, (key, of) in enumerate(groupby(every, lambda one: (one.ecg_id, (one.head, one.value))), 1):
            by_answer[key] = tuple(of)
            if keep:
                keep({"figures": [one.to_json() for one in by_answer[key]]})
            report(number, len(left))
    return [one for answer in found for one in by_answer[answer.ecg_id, answer.output]]


@contextmanager
def _appending(kept: _Kept, goes_on: bool) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    with held(kept.path.parent), opened_for_append(kept.path) as out:
        if not goes_on:
            out.truncate(0)
            append(out, kept.path, kept.settings)
        yield lambda entry: append(out, kept.path, entry)
