"""Folders of the PhysioNet/CinC Challenges 2020 and 2021, and others of the same form.

Each recording is a header (``.hea``) whose comments hold age, sex and SNOMED CT codes, and a level 4 MAT-file or a WFDB
file of format 16. ``challenge_sources.json`` has the rules for sources, windows and folds.
"""

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bench.dataset.base import TRAIN, Dataset, Split
from bench.dataset.challenge_label import ChallengeLabels, challenge_labels
from bench.dataset.challenge_source import challenge_sources, source_of
from bench.dataset.hash_fold import FOLDS, TAUGHT, TESTED, VALIDATED, hash_fold
from bench.dataset.measurement_cache import UNMEASURED
from bench.dataset.problem import Problem
from bench.dataset.ptbxl_table import TABLE
from bench.dataset.record import Record, RecordId, Signal, by_id
from bench.dataset.wfdb_file import Header, checksum_problem, read_comments, read_header
from bench.dataset.window import unusable, window_of
from measurements import Measurements
from taxonomy.error import DatasetError
from taxonomy.snomed import is_snomed_code, snomed_codes, snomed_truth
from taxonomy.truth import Numbers, Truth

LENIENT = ",lenient"
LISTED = 30
"""Unknown codes that are listed."""

PTBXL_SOURCE, PTBXL_NAME = "ptb-xl", "ptbxl"


@dataclass(frozen=True)
class _Place:
    """Where a record lies, and the fold that follows from its name."""

    header: Path
    source: str
    patient: str
    fold: str


@dataclass(frozen=True)
class _Row:
    """What a header says; ``problem`` is why its signal is not read, ``was_wrong`` whether its gain was put right."""

    labels: ChallengeLabels
    fs: int
    digest: str
    problem: str
    was_wrong: bool = False


class Challenge(Dataset):
    """A folder of recordings in the Challenges' form, however deep they lie; signals are read on demand.

    Parameters
    ----------
    folder : str
        ``PATH``, or ``PATH,lenient`` for labels as the Challenges score them: what is not said is absent.

    Raises
    ------
    taxonomy.error.DatasetError
        When it is no folder, holds no header, holds a record twice, or is PTB-XL's own.
    """

    name = "challenge"
    version = "2021-1.0.3"
    title = "PhysioNet/CinC Challenge"
    citation = (
        "Perez Alday et al. 2020, doi:10.1088/1361-6579/abc960; Reyna et al. 2021, doi:10.23919/CinC53138.2021.9662687"
    )
    licence = "CC BY 4.0"

    def __init__(self, folder: str) -> None:
        self.is_lenient = folder.endswith(LENIENT)
        if self.is_lenient:
            self.name = "challenge-lenient"
        self.folder = Path(folder.removesuffix(LENIENT))
        if not self.folder.is_dir():
            raise DatasetError(f"the data folder {self.folder} does not exist: fetch it with 'bench data fetch'")
        if (self.folder / TABLE).is_file():
            raise DatasetError(
                f"{self.folder} is PTB-XL's own folder, with labels in {TABLE}: name it without 'challenge:'"
            )
        self._files, headers = _listed(self.folder)
        self._places = _placed(self.folder, headers)
        if not self._places:
            raise DatasetError(f"{self.folder} holds no header (.hea): name a folder of the PhysioNet/CinC Challenges")
        self.splits = _splits(sorted({place.source for place in self._places.values()}))
        self._rows: dict[RecordId, _Row] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Record]:
        return map(self.record, self._places)

    def in_folds(self, folds: Collection[RecordId]) -> Iterator[Record]:
        """Yield the records of these folds in ascending id; headers of others are not read."""
        return (self.record(ecg_id) for ecg_id, place in self._places.items() if place.fold in folds)

    def record(self, ecg_id: RecordId) -> Record:
        """Return one record; raises :class:`DatasetError` for an unknown id."""
        place, row = self._place(ecg_id), self._row(ecg_id)
        rates = () if row.problem else (row.fs,)
        return Record(ecg_id, place.patient, row.labels.age, row.labels.sex, place.fold, self.name, rates, self._load)

    def domain(self, ecg_id: RecordId) -> str:
        """Return the source of a record, such as ``georgia``."""
        return self._place(ecg_id).source

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that have a record, in alphabetic order."""
        return tuple(sorted({place.source for place in self._places.values()}))

    def header(self, ecg_id: RecordId) -> Path:
        """Return the path of a record's header."""
        return self._place(ecg_id).header

    def codes(self, ecg_id: RecordId) -> tuple[str, ...]:
        """Return a record's SNOMED CT codes."""
        return self._row(ecg_id).labels.codes

    def truth(self, record: Record, numbers: Measurements = UNMEASURED) -> Truth:
        """Return what the codes say of a record, and the rate measured where they say none."""
        own = Numbers(numbers.heart_rate.printed, numbers.second_rate.value, numbers.qrs_axis.printed)
        source = self.domain(record.ecg_id)
        return snomed_truth(self.codes(record.ecg_id), source, own, is_lenient=self.is_lenient)

    def source(self, axis: str, record: Record, numbers: Measurements) -> str:
        """Return who says the truth on one axis: the labels, or whoever measured the rate."""
        return Numbers().source if axis in self.truth(record, numbers).circular else "the labels"

    def labelling(self, record: Record) -> str:
        """Return the source, which decides what a code means, and the codes."""
        return f"{self.domain(record.ecg_id)} {sorted(self.codes(record.ecg_id))}"

    def is_taught(self, record: Record, taught: Mapping[str, Collection[RecordId]]) -> bool:
        """Tell whether a record is among those taught: by fold, with or without its source, whatever the mapping.

        The Challenges' copy of PTB-XL names no folds, so that all of it counts as taught where any of PTB-XL was.
        """
        place = self._place(record.ecg_id)
        folds = {place.fold, int(place.fold.rpartition("-")[2])}
        named = {fold for name in ("challenge", "challenge-lenient") for fold in taught.get(name, ())}
        return bool(folds & named) or (place.source == PTBXL_SOURCE and bool(taught.get(PTBXL_NAME)))

    def signal_digests(self, ids: Iterable[RecordId]) -> Mapping[RecordId, str]:
        """Return each record's header checksums with rate and gains, or that it has no signal."""
        rows = {ecg_id: self._row(ecg_id) for ecg_id in ids}
        return {ecg_id: "no signal" if row.problem else row.digest for ecg_id, row in rows.items()}

    def check(self) -> Iterator[Problem]:
        """Yield the records whose header or sample file is missing, damaged or of another form."""
        for ecg_id, place in self._places.items():
            row = self._row(ecg_id)
            if row.problem:
                yield Problem("unreadable", str(place.header.relative_to(self.folder)), row.problem)

    def samples_problem(self, record: Record, fs: int) -> str | None:
        """Return the leads whose samples do not match their header's checksum, None for none."""
        return checksum_problem(read_header(self._place(record.ecg_id).header))

    def particulars(self) -> Mapping[str, str]:
        """Return the records by source, those without a diagnosis or a signal, and the codes that are not known."""
        sources = Counter(place.source for place in self._places.values())
        rows = {ecg_id: self._row(ecg_id) for ecg_id in self._places}
        unknown = Counter(code for row in rows.values() for code in row.labels.codes if code not in snomed_codes())
        codes = Counter({code: n for code, n in unknown.items() if is_snomed_code(code)})
        words = sum(unknown.values()) - sum(codes.values())
        listed = [f"{code} {n:,}" for code, n in codes.most_common(LISTED)]
        others = [f"{len(codes) - LISTED:,} others"] * (len(codes) > LISTED) + [f"{words:,} that are no number"] * bool(
            words
        )
        return {
            "sources": ", ".join(f"{self._title(name)} {n:,}" for name, n in sorted(sources.items())),
            "without a Dx": f"{sum(not row.labels.has_dx for row in rows.values()):,}",
            "signals that are not read": _reasons(row.problem for row in rows.values() if row.problem),
            "unknown codes": " and ".join([", ".join(listed), *others] if listed else others) or "none",
            "gains put right": f"{sum(row.was_wrong for row in rows.values()):,}",
            "labels": "lenient: what is not said is absent" if self.is_lenient else "strict",
        }

    @staticmethod
    def _title(source: str) -> str:
        known = challenge_sources().get(source)
        return known.title if known else source

    def _place(self, ecg_id: RecordId) -> _Place:
        place = self._places.get(str(ecg_id))
        if place is None:
            raise DatasetError(f"{self.title} in {self.folder} has no record {ecg_id}")
        return place

    def _row(self, ecg_id: RecordId) -> _Row:
        if ecg_id not in self._rows:
            self._rows[ecg_id] = self._read(self._place(ecg_id))
        return self._rows[ecg_id]

    def _read(self, place: _Place) -> _Row:
        path = place.header
        try:
            written = read_header(path)
        except DatasetError as error:
            return _Row(_labels_of(path), 0, "", str(error))
        header = _put_right(written, place.source)
        problem = unusable(header)
        if not problem and str(path.with_name(header.file)) not in self._files:
            problem = f"names the file {header.file}, which is not there"
        digest = f"{header.fs:g}:{header.checksums}:{header.calibration}"
        return _Row(challenge_labels(header.comments), round(header.fs), digest, problem, header is not written)

    def _load(self, ecg_id: RecordId, fs: int) -> Signal:
        place = self._place(ecg_id)
        return window_of(_put_right(read_header(place.header), place.source))


def _put_right(header: Header, source: str) -> Header:
    """Return a header with the gains that its source gives wrongly put right; the header itself where there is none."""
    known = challenge_sources().get(source)
    gains = known.gains if known else {}
    if not any(channel.gain in gains for channel in header.channels):
        return header
    channels = (replace(channel, gain=gains.get(channel.gain, channel.gain)) for channel in header.channels)
    return replace(header, channels=tuple(channels))


def _labels_of(path: Path) -> ChallengeLabels:
    """Return the labels of a header that cannot be read otherwise."""
    try:
        return challenge_labels(read_comments(path))
    except DatasetError:
        return ChallengeLabels()


def _listed(folder: Path) -> tuple[frozenset[str], list[Path]]:
    """Return every file below a folder, and the headers among them."""
    names: set[str] = set()
    for place, _, files in os.walk(folder):
        names.update(os.path.join(place, file) for file in files)  # noqa: PTH118  # as Path, thrice as long
    return frozenset(names), sorted(Path(name) for name in names if name.endswith(".hea"))


def _placed(folder: Path, headers: Iterable[Path]) -> dict[RecordId, _Place]:
    """Return the place of each record by id, in ascending id."""
    places: dict[RecordId, _Place] = {}
    for header in headers:
        source, ecg_id = source_of(Path(folder.resolve().name) / header.relative_to(folder))
        if ecg_id in places:
            raise DatasetError(
                f"record {ecg_id} is there twice, as {places[ecg_id].header} and {header}: name a folder that holds it "
                "once"
            )
        known = challenge_sources().get(source)
        patient = source if known and known.has_unnamed_patients else ecg_id
        fold = f"{source}-{hash_fold('challenge', f'{source} {patient}')}"
        places[ecg_id] = _Place(header, source, patient, fold)
    return dict(sorted(places.items(), key=lambda item: by_id(item[0])))


def _splits(sources: Iterable[str]) -> dict[str, Split]:
    """Return the splits over all sources, then those of each source."""
    parts = {TRAIN: TAUGHT, "val": VALIDATED, "test": TESTED, "all": tuple(range(1, FOLDS + 1))}
    names = tuple(sources)
    splits = {}
    for part, numbers in parts.items():
        folds = f"folds {numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else f"fold {numbers[0]}"
        everywhere = tuple(f"{name}-{number}" for name in names for number in numbers)
        splits[part] = Split(part, everywhere, f"{folds} of {' + '.join(names)}")
    for name in names:
        for part, numbers in parts.items():
            own = tuple(f"{name}-{number}" for number in numbers)
            split = name if part == "all" else f"{name}-{part}"
            splits[split] = Split(split, own, ", ".join(f"fold {fold}" for fold in own))
    return splits


def _reasons(problems: Iterable[str]) -> str:
    found = list(problems)
    return f"{len(found):,}; 'bench data verify' lists them" if found else "none"
