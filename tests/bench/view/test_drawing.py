"""Pages that are drawn ahead are the same pages."""

import time

import numpy as np
import pytest

from bench.view import Question, View, cases_of
from bench.view.drawing import AT_A_TIME, MOST_PIXELS, Ahead, drawing_processes
from readers import process
from readers.majority import MajorityReader
from renderers import EcgImage, PackedImage
from taxonomy.error import StopReading


class Looking(MajorityReader):
    """A local reader of pictures."""

    inputs = frozenset({"image"})


@pytest.fixture
def at_once(monkeypatch):
    """Processes are waited for; those that have begun."""
    begun = []

    class Awaited(process.Processes):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            begun.extend(self._children)
            while not self.are_ready:
                time.sleep(0.01)

    monkeypatch.setattr("readers.prefetch.Processes", Awaited)
    return begun


def shown(population, ahead, count=9, px_per_mm=0):
    view = View(renderer="printed", px_per_mm=px_per_mm).settled(Looking())
    records = population.cohort()[:count]
    cases = cases_of(view, records)
    object.__setattr__(cases, "ahead", ahead)
    return cases.each(Question(record) for record in records)


@pytest.mark.slow
@pytest.mark.parametrize("as_png", [True, False])
def test_pages_drawn_ahead_are_the_same_in_the_same_order(population, at_once, as_png):
    alone = list(shown(population, Ahead()))
    ahead = list(shown(population, Ahead(2, as_png)))
    assert len(at_once) == 2
    assert len(ahead) == 9 > 2 * AT_A_TIME
    for one, other in zip(alone, ahead, strict=True):
        assert one.case_id == other.case_id
        np.testing.assert_array_equal(one.images[0].rgb(), other.images[0].rgb())
    assert isinstance(ahead[-1].images[0], PackedImage if as_png else EcgImage)


def test_large_pages_wait_as_pngs(population, at_once):
    cases = shown(population, Ahead(2, as_png=False), count=3, px_per_mm=12)
    pages = [case.images[0] for case in cases]
    assert np.prod(pages[-1].size) > MOST_PIXELS
    assert isinstance(pages[-1], PackedImage)


@pytest.mark.slow
def test_a_killed_process_is_told_in_one_sentence(population, at_once):
    cases = shown(population, Ahead(2), count=60)
    next(cases)
    next(cases)
    at_once[0].kill()
    with pytest.raises(StopReading, match=r"^a process that prepares cases was killed.* what was read is kept"):
        list(cases)


def test_many_pages_are_drawn_by_several_processes_and_few_by_none(monkeypatch):
    monkeypatch.setenv("ECG_BENCH_PROCESSES", "4")
    assert [drawing_processes(pages) for pages in (20, 99, 250, 500, 20_000)] == [0, 0, 2, 4, 4]
    monkeypatch.setenv("ECG_BENCH_PROCESSES", "1")
    assert drawing_processes(20_000) == 0
    monkeypatch.setenv("ECG_BENCH_PROCESSES", "64")
    assert drawing_processes(20_000) == 8
