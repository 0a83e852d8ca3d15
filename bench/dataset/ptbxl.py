"""PTB-XL v1.0.3 in PhysioNet's layout, complete or partly downloaded."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from bench.dataset.base import TRAIN, Dataset, majorities
from bench.dataset.feature_file import PROGRAMS, read_features
from bench.dataset.fetch import SUMS, read_sums, sampled_ids
from bench.dataset.inside import path_inside
from bench.dataset.measurement_cache import UNMEASURED
from bench.dataset.problem import Problem
from bench.dataset.ptbxl_table import PTBXL_SPLITS, TABLE, TableRow, read_table
from bench.dataset.record import Record, RecordId, Signal
from bench.dataset.wfdb_file import checksum_problem, read_header, read_signal
from bench.storage import sha256
from measurements import Measurements
from taxonomy.axis import AXES, DERIVED, AxisValue
from taxonomy.error import DatasetError
from taxonomy.truth import AMBIGUOUS_HEART_AXIS, Labels, Numbers, Truth, truth

RATES = (500, 100)

COPIES, COPIED = ("challenge", "challenge-lenient"), "ptb-xl-"
"""Datasets that hold a copy of the recordings, and how the folds of that source begin (:mod:`bench.dataset.challenge`).
"""


class PtbXl(Dataset):
    """A PTB-XL folder; signals are read on demand and never kept in memory.

    Parameters
    ----------
    folder : str or Path
        Contains ``ptbxl_database.csv`` and some or all of ``records100`` or ``records500``.

    Raises
    ------
    DatasetError
        When the folder does not exist or its table cannot be read.
    """

    name = "ptbxl"
    version = "1.0.3"
    title = "PTB-XL"
    citation = "Wagner et al. 2020, PTB-XL, Scientific Data 7:154, doi:10.1038/s41597-020-0495-6"
    licence = "CC BY 4.0"
    credit = "PTB-XL (Wagner et al. 2020, CC BY 4.0)"
    splits = PTBXL_SPLITS
    ids_are_numbers = True

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise DatasetError(
                f"{folder} is a file: name the folder of PTB-XL, which holds {TABLE}"
                if self.folder.exists()
                else f"the data folder {folder} does not exist: fetch PTB-XL with 'bench data fetch {folder}'"
            )
        self._rows = read_table(self.folder / TABLE)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Record]:
        for row in self._rows.values():
            yield self._record(row)

    def record(self, ecg_id: RecordId) -> Record:
        """Return one record; raises :class:`DatasetError` for an unknown id."""
        if ecg_id not in self._rows:
            raise DatasetError(f"{self.title} has no record {ecg_id}")
        return self._record(self._rows[ecg_id])

    def is_taught(self, record: Record, taught: Mapping[str, Collection[RecordId]]) -> bool:
        """Tell whether a record is among those taught: by fold.

        The Challenges' copy has folds of its own, so that every record counts as taught where any of the copy was.
        """
        copied = (str(fold) for name in COPIES for fold in taught.get(name, ()))
        return record.fold in taught.get(self.name, ()) or any(fold.startswith(COPIED) for fold in copied)

    def labels(self, ecg_id: RecordId) -> Labels:
        """Return the labels of a record."""
        return self._rows[ecg_id].labels

    def labelling(self, record: Record) -> str:
        """Return the statements with their likelihoods, the heart axis and the stage of infarction.

        The report is left out: copies of the table are shared without it, and stay the same records with the same
        statements. What it decides (the stage of some infarctions) shows when a score is computed anew.
        """
        labels = self.labels(record.ecg_id)
        return repr((sorted(labels.scp_codes.items()), labels.heart_axis, labels.infarction_stadium))

    def truth(self, record: Record, numbers: Measurements = UNMEASURED) -> Truth:
        """Return the truth of a record, given its measurements."""
        return truth(self.labels(record.ecg_id), self.deciding_numbers(record.ecg_id, numbers))

    def source(self, axis: str, record: Record, numbers: Measurements) -> str:
        """Return who says the truth on one axis: the labels, or whoever measured rate and *Linkstyp*."""
        is_linkstyp = self.labels(record.ecg_id).heart_axis in AMBIGUOUS_HEART_AXIS
        is_measured = axis == "rate" or (axis == "axis" and is_linkstyp)
        return self.deciding_numbers(record.ecg_id, numbers).source if is_measured else "the labels"

    @property
    def baselines(self) -> Mapping[str, AxisValue]:
        """The majority values over all of PTB-XL's training folds, from ``readers/majority.json``.

        An axis that is not counted there yet is counted over the labels of the training records in this table.
        """
        from readers.majority import majority_values

        counted = majority_values()
        if counted.keys() >= {axis.name for axis in (*AXES, *DERIVED)}:
            return counted
        train = (record for record in self if record.fold in self.splits[TRAIN].folds)
        return {**majorities(self.truth(record) for record in train), **counted}

    def deciding_numbers(self, ecg_id: RecordId, own: Measurements) -> Numbers:
        """Return the numbers that decide rate and *Linkstyp*: a program's where there are some, else our own."""
        program = self.program_measurements.get(ecg_id)
        ours = Numbers(own.heart_rate.printed, own.second_rate.value, own.qrs_axis.printed)
        if program is None or program.heart_rate.value is None or program.qrs_axis.value is None:
            return ours
        rate, axis = program.heart_rate.printed, program.qrs_axis.printed
        return Numbers(rate, None, axis, "an interpretation program (PTB-XL+)", False, self.program)

    def signal_digests(self, ids: Iterable[RecordId]) -> Mapping[RecordId, str]:
        """Return each record's header checksums at its highest rate, or that it has no signal."""
        digests = {}
        for ecg_id in ids:
            record = self.record(ecg_id)
            if not record.rates:
                digests[ecg_id] = "no signal"
                continue
            rate = record.rates[0]
            digests[ecg_id] = f"{rate}:{read_header(self.header(ecg_id, rate)).checksums}"
        return digests

    def check(self) -> Iterator[Problem]:
        """Yield missing files, and files that contradict ``SHA256SUMS.txt`` where the folder has one.

        A rate without a single record counts as not downloaded, so a folder with only records100 is sound; and of a
        folder with a sample only the sample's records are expected.
        """
        yield from self._missing()
        if (self.folder / SUMS).is_file():
            for name, expected in read_sums(self.folder / SUMS).items():
                if (self.folder / name).is_file() and sha256(self.folder / name) != expected:
                    yield Problem("checksum", name, "has another SHA-256 than the published one")

    def samples_problem(self, record: Record, fs: int) -> str | None:
        """Return the leads whose samples do not match their header's checksum, None for none."""
        return checksum_problem(read_header(self.header(record.ecg_id, fs)))

    def header(self, ecg_id: RecordId, fs: int) -> Path:
        """Return the path of a record's header at one rate, whether or not it exists."""
        return path_inside(self.folder, f"{self._rows[ecg_id].filenames[fs]}.hea")

    @cached_property
    def program_measurements(self) -> Mapping[RecordId, Measurements]:
        """PTB-XL+'s features of 12SL, else of UniG, where they lie in the folder or in its ``features``."""
        return read_features(self._features) if self._features else {}

    @property
    def program(self) -> str:
        """The program of those features."""
        return PROGRAMS[self._features.name] if self._features else ""

    @cached_property
    def _features(self) -> Path | None:
        paths = (folder / name for name in PROGRAMS for folder in (self.folder, self.folder / "features"))
        return next((path for path in paths if path.is_file()), None)

    def _record(self, row: TableRow) -> Record:
        rates = tuple(fs for fs in RATES if row.filenames[fs] in self._present[fs])
        return row.record(self.name, rates, self._load)

    def _missing(self) -> Iterator[Problem]:
        rates = [fs for fs in sorted(RATES) if any(fs in record.rates for record in self)]
        if not rates:
            yield Problem(
                "missing", str(self.folder), "no record has a signal: neither records100 nor records500 is there"
            )
        asked = sampled_ids(self.folder)
        expected = [ecg_id for ecg_id in self._rows if asked is None or ecg_id in asked]
        for fs in rates:
            for ecg_id in expected:
                header = self.header(ecg_id, fs)
                for path in (header, header.with_suffix(".dat")):
                    if not path.is_file():
                        yield Problem("missing", str(path.relative_to(self.folder)), "is not there", (ecg_id, fs))

    def _load(self, ecg_id: RecordId, fs: int) -> Signal:
        return read_signal(self.header(ecg_id, fs))

    @cached_property
    def _present(self) -> Mapping[int, frozenset[str]]:
        """Names (without suffix) of the records with a header, by rate: one walk instead of 43,598 look-ups."""
        return {
            fs: frozenset(
                str(path.relative_to(self.folder).with_suffix("").as_posix())
                for path in (self.folder / f"records{fs}").rglob("*.hea")
            )
            for fs in RATES
        }
