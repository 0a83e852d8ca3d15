"""The image ceiling: a signal reader on the signal recovered from the same picture that a vision model sees."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import as_file
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from measurements import Measurements, measure
from readers.contract import Case, Input
from readers.digest import file_digest
from readers.digitizer.digitizing import DIGITIZED_FS, check_size, digitize
from readers.digitizer.geometry import DigitizeError
from readers.digitizer.page import page_leads
from readers.head import MEASURED
from readers.prefetch import Elsewhere, prefetched
from readers.processors import other_processes
from readers.resnet1d.preprocessing import prepare
from readers.resnet1d.reader import BATCH, PAGE_WEIGHTS, Resnet1dReader
from readers.resnet1d.side import NetworkInput, network_input, nothing_known
from renderers import Picture
from renderers.printed import COLUMN_S, ROWS
from renderers.style import LEADS
from taxonomy.reading import Failure, Reading

AT_A_TIME = 2
"""Cases that a process digitizes at a time: half a second."""

PAGES = "2"
"""How pages are read and measured, bumped with every change of what is found on one: such a run is another run."""

Pages = tuple[Picture, ...]
"""The pictures of a case."""


class DigitizerReader:
    """Digitizes the picture and reads the signal with resnet1d's networks.

    A page of 3 x 4 leads shows 2.5 s of most leads: networks trained on such pages read it, and the axis is measured on
    the columns of the limb leads. A picture that cannot be digitized gives a refusal with the reason.

    Attributes
    ----------
    elsewhere : Elsewhere
        Processes that digitize once a batch has come; ``Elsewhere(0)`` leaves it to a thread. No reading depends on it.
    """

    name = "digitizer"
    description = "recovers the signal from the picture and reads it with resnet1d: the image ceiling"
    inputs: frozenset[Input] = frozenset({"image"})
    measures = MEASURED

    @cached_property
    def details(self) -> Mapping[str, str]:
        """The digests of both sets of weights, the phantoms of their training and how pages are read."""
        return {**self._networks.details, "page_weights": file_digest(PAGE_WEIGHTS), "pages": PAGES}

    @property
    def taught_on(self) -> Mapping[str, frozenset[int | str]]:
        """The folds of the training of both networks, by dataset."""
        return self._networks.taught_on

    def __init__(self) -> None:
        self.elsewhere = Elsewhere[Pages, "tuple[Recovered | Reading, ...]"](other_processes(), after=BATCH)

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield a reading for each case; a network reads those of a batch together.

        Raises StopReading when a process that digitizes is killed.
        """
        pages = (case.images for case in cases)
        batches = prefetched(pages, AT_A_TIME, each_recovered, self.elsewhere)
        recovered = chain.from_iterable(batches)
        while batch := tuple(islice(recovered, BATCH)):
            yield from self._readings(batch)

    def _readings(self, batch: "Sequence[Recovered | Reading]") -> Iterator[Reading]:
        whole = self._whole_pages([one for one in batch if isinstance(one, Recovered) and one.whole])
        printed = self._printed_pages([one for one in batch if isinstance(one, Recovered) and not one.whole])
        for one in batch:
            yield one if isinstance(one, Reading) else next(whole if one.whole else printed)

    def _whole_pages(self, pages: "Sequence[Recovered]") -> Iterator[Reading]:
        yield from self._networks.readings([page.seen for page in pages], [page.numbers for page in pages])

    def _printed_pages(self, pages: "Sequence[Recovered]") -> Iterator[Reading]:
        import torch

        from readers.resnet1d.page import as_page

        seen = [replace(page.seen, leads=as_page(torch.from_numpy(page.seen.leads[None])).numpy()[0]) for page in pages]
        yield from self._page_networks.readings(seen, [page.numbers for page in pages])

    @cached_property
    def _networks(self) -> Resnet1dReader:
        return Resnet1dReader()

    @cached_property
    def _page_networks(self) -> Resnet1dReader:
        with as_file(PAGE_WEIGHTS) as path:
            return Resnet1dReader(str(path))


@dataclass(frozen=True, eq=False)
class Recovered:
    """What a network reads of a page.

    Attributes
    ----------
    seen : NetworkInput
        Of a 3 x 4 page, the leads are those of the whole record, with gaps filled.
    numbers : Measurements
    whole : bool
        Whether the page shows all ten seconds of every lead.
    """

    seen: NetworkInput
    numbers: Measurements
    whole: bool


def each_recovered(batch: tuple[Pages, ...]) -> tuple[Recovered | Reading, ...]:
    """Return what each case's pages give, a refusal where they cannot be digitized."""
    return tuple(map(_recovered, batch))


def _recovered(pages: Pages) -> Recovered | Reading:
    try:
        for page in pages:
            check_size(page.size[1], page.size[0])  # before its pixels are unpacked
        pictures = [page.rgb() for page in pages]
        found = page_leads(pictures[0]) if len(pictures) == 1 else digitize(pictures)
    except DigitizeError as error:
        return Reading(error=Failure("refusal", str(error)))
    if found.whole:
        return Recovered(*network_input(found.mv, DIGITIZED_FS, shows_spikes=False), whole=True)
    leads = prepare(found.mv, DIGITIZED_FS)
    return Recovered(NetworkInput(leads, nothing_known()), page_measurements(found.mv), whole=False)


def page_measurements(mv: NDArray[np.float32]) -> Measurements:
    """Measure a 3 x 4 page: the rate over its rows and its rhythm strip, the axis on its column of limb leads.

    Parameters
    ----------
    mv : float32 array (12, 5000) in mV
        NaN where the page shows nothing.

    Returns
    -------
    Measurements
        Rate over ten seconds; everything else of the first column, where I, II and III stand together and the
        augmented leads follow from them (Goldberger 1942).
    """
    column = np.nan_to_num(mv[:, : int(COLUMN_S * DIGITIZED_FS)])
    one, two = column[0], column[1]
    column[2] = two - one
    column[3], column[4], column[5] = -(one + two) / 2, one - two / 2, two - one / 2
    return replace(measure(column, DIGITIZED_FS), heart_rate=measure(_rows(mv), DIGITIZED_FS).heart_rate)


def _rows(mv: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows of a page as four leads of ten seconds, the others flat: a beat stands out in one row or another.

    Each column of a row begins where the one before it ended, since a step between leads looks like a beat.
    """
    rows = np.zeros_like(mv)
    for row, names in enumerate(ROWS):
        last = np.float32(0)
        for part, name in enumerate(names):
            first, end = (round(COLUMN_S * k * DIGITIZED_FS) for k in (part, part + 1))
            known = np.flatnonzero(np.isfinite(mv[LEADS.index(name), first:end]))
            if len(known):
                samples = np.interp(np.arange(end - first), known, mv[LEADS.index(name), first:end][known])
                rows[row, first:end] = samples - samples[0] + last
                last = rows[row, end - 1]
            else:
                rows[row, first:end] = last
    shown = np.isfinite(mv).sum(axis=1)
    longest = int(np.argmax(shown))
    if shown[longest] > 1.5 * COLUMN_S * DIGITIZED_FS:
        rows[len(ROWS)] = np.nan_to_num(mv[longest] - np.nanmedian(mv[longest]))
    return rows
