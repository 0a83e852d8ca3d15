"""Readers of known behaviour that take part in experiments."""

from readers.control import ABNORMAL, prior
from taxonomy.error import StopReading
from taxonomy.reading import Reading

PAGE = frozenset({"image", "text"})


class Prior:
    """Recites the prior, whatever the page is."""

    name, description, inputs = "played-prior", "recites the prior", PAGE

    def read(self, cases):
        for _ in cases:
            yield Reading(values=prior())


class Abnormal:
    """Names the same abnormal values, whatever the page is."""

    name, description, inputs = "played-abnormal", "always names the same", PAGE

    def read(self, cases):
        for _ in cases:
            yield Reading(values=ABNORMAL)


class Failing(Prior):
    """Answers three cases, then none, until it is mended."""

    name = "played-failing"
    is_mended = False

    def read(self, cases):
        for number, case in enumerate(cases):
            if number == 3 and not self.is_mended:
                raise StopReading("the weights of 'played' do not fit into the memory of cpu")
            yield from super().read([case])
