"""The image ceiling: a signal reader on the signal recovered from the same picture that a vision model sees."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from importlib.resources import as_file

import numpy as np
from numpy.typing import NDArray

from measurements import Measurements, measure
from readers.contract import Case, Input
from readers.digest import file_digest
from readers.digitizer.digitizing import DIGITIZED_FS, Digitized, check_size, digitize
from readers.digitizer.geometry import DigitizeError
from readers.head import MEASURED
from readers.resnet1d.preprocessing import prepare
from readers.resnet1d.reader import PAGE_WEIGHTS, Resnet1dReader
from readers.resnet1d.side import NetworkInput, network_input, nothing_known
from renderers.printed import COLUMN_S
from renderers.style import LEADS
from taxonomy.reading import Failure, Reading


class DigitizerReader:
    """Digitizes the picture and reads the signal with resnet1d's networks.

    A page of 3 x 4 leads shows 2.5 s of most leads: networks trained on such pages read it, and the axis is measured on
    the columns of the limb leads. A picture that cannot be digitized gives a refusal with the reason.
    """

    name = "digitizer"
    description = "recovers the signal from the picture and reads it with resnet1d: the image ceiling"
    inputs: frozenset[Input] = frozenset({"image"})
    measures = MEASURED

    @cached_property
    def details(self) -> Mapping[str, str]:
        """The digests of both sets of weights and the phantoms of their training, for the manifest."""
        return {**self._networks.details, "page_weights": file_digest(PAGE_WEIGHTS)}

    @property
    def taught_on(self) -> Mapping[str, frozenset[int | str]]:
        """The folds of the training of both networks, by dataset."""
        return self._networks.taught_on

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield a reading for each case."""
        for case in cases:
            try:
                for image in case.images:
                    check_size(image.size[1], image.size[0])  # before its pixels are unpacked
                page = digitize([image.rgb() for image in case.images])
            except DigitizeError as error:
                yield Reading(error=Failure("refusal", str(error)))
                continue
            yield self._whole_page(page) if page.whole else self._printed_page(page)

    def _whole_page(self, page: Digitized) -> Reading:
        return self._networks.reading(*network_input(page.mv, DIGITIZED_FS, shows_spikes=False))

    def _printed_page(self, page: Digitized) -> Reading:
        import torch

        from readers.resnet1d.page import as_page

        leads = as_page(torch.from_numpy(prepare(page.mv, DIGITIZED_FS)[None])).numpy()[0]
        return self._page_networks.reading(NetworkInput(leads, nothing_known()), page_measurements(page.mv))

    @cached_property
    def _networks(self) -> Resnet1dReader:
        return Resnet1dReader()

    @cached_property
    def _page_networks(self) -> Resnet1dReader:
        with as_file(PAGE_WEIGHTS) as path:
            return Resnet1dReader(str(path))


def page_measurements(mv: NDArray[np.float32]) -> Measurements:
    """Measure a 3 x 4 page: the rate on its rhythm strip, the frontal axis on its column of limb leads.

    Parameters
    ----------
    mv : float32 array (12, 5000) in mV
        NaN where the page shows nothing.

    Returns
    -------
    Measurements
        Rate of the rhythm strip; everything else of the first column, where I, II and III stand together and the
        augmented leads follow from them (Goldberger 1942).
    """
    column = np.nan_to_num(mv[:, : int(COLUMN_S * DIGITIZED_FS)])
    one, two = column[0], column[1]
    column[2] = two - one
    column[3], column[4], column[5] = -(one + two) / 2, one - two / 2, two - one / 2
    strip = np.zeros_like(mv)
    strip[LEADS.index("II")] = np.nan_to_num(mv[LEADS.index("II")])
    return replace(measure(column, DIGITIZED_FS), heart_rate=measure(strip, DIGITIZED_FS).heart_rate)
