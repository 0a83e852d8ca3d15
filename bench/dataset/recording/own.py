"""The user's recordings as a dataset without labels: every reader and renderer takes them as it takes any other."""

from collections.abc import Iterator, Sequence

from bench.dataset.base import Dataset, Split
from bench.dataset.measurement_cache import UNMEASURED
from bench.dataset.record import Record, RecordId, Signal
from bench.dataset.recording.reading import Recording
from measurements import Measurements
from renderers import PagePicture
from taxonomy.axis import AXES
from taxonomy.error import DatasetError
from taxonomy.truth import Truth

NAME = "own"


class OwnRecordings(Dataset):
    """Recordings of the user's, numbered from 1; nothing is known of them but their signals.

    Parameters
    ----------
    recordings : sequence of Recording
        All pages, or none of them.

    Raises
    ------
    taxonomy.error.DatasetError
        When pages and other files are mixed.
    """

    name, version, title = NAME, "1", "one's own recordings"
    citation = licence = "the user's own"
    ids_are_numbers = True
    truth_is_measured = False

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self.recordings = tuple(recordings)
        pages = [one.path for one in self.recordings if one.page is not None]
        if pages and len(pages) < len(self.recordings):
            raise DatasetError(f"{pages[0]} is a page, and others are not: a reader is asked about pages by themselves")
        self.shows_pages = bool(pages)
        self.splits = {"all": Split("all", (NAME,), "every recording")}

    def __len__(self) -> int:
        return len(self.recordings)

    def __iter__(self) -> Iterator[Record]:
        return (self.record(number) for number in range(1, len(self) + 1))

    def record(self, ecg_id: RecordId) -> Record:
        """Return one recording by its number; raises DatasetError for another one."""
        if not isinstance(ecg_id, int) or not 0 < ecg_id <= len(self):
            raise DatasetError(f"there is no recording {ecg_id!r}: there are {len(self)}")
        rates = (round(self._signal(ecg_id, 0).fs),)
        page = None if self.recordings[ecg_id - 1].page is None else self._page
        return Record(ecg_id, ecg_id, None, None, NAME, NAME, rates, self._signal, page)

    def truth(self, record: Record, numbers: Measurements = UNMEASURED) -> Truth:
        """Return a truth without labels."""
        return Truth(dict.fromkeys((axis.name for axis in AXES), None))

    def _signal(self, ecg_id: RecordId, fs: int) -> Signal:
        return self.recordings[int(ecg_id) - 1].signal

    def _page(self, ecg_id: RecordId) -> PagePicture:
        page = self.recordings[int(ecg_id) - 1].page
        assert page is not None
        return PagePicture.of(page)
