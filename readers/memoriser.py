"""A control that has learnt some published records by heart and reads every other one as an honest reader does."""

from collections.abc import Iterable, Iterator, Mapping

from readers.contract import Case, Input, Reader
from readers.control import Values, chance, trace_digest
from taxonomy.reading import Reading


class MemoriserControl:
    """Looks up the truth of the traces that it knows, and leaves every other one to an honest reader.

    Parameters
    ----------
    truths : mapping of str to mapping of str to value or None
        Of published records, by :func:`readers.control.trace_digest`.
    honest : Reader
        Answers whatever the control does not know.
    share : float
        Of the records, from 0 to 1, which the control has learnt; which ones is decided by lot.
    """

    name = "control-memoriser"

    def __init__(self, truths: Mapping[str, Values], honest: Reader, share: float = 1.0) -> None:
        known = sorted(truths, key=lambda digest: chance(f"learnt {digest}"))[: round(share * len(truths))]
        self._truths = {digest: truths[digest] for digest in known}
        self._honest = honest
        self.inputs: frozenset[Input] = honest.inputs | {"signal"}
        self.description = f"a control: has learnt {100 * share:.0f}% of the records, reads the others honestly"

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield a reading for each case; what was learnt replaces the honest answer on the axes that it tells."""
        for case in cases:
            (honest,) = self._honest.read([case])
            learnt = {} if case.signal is None else self._truths.get(trace_digest(case.signal), {})
            known = {name: value for name, value in learnt.items() if value is not None}
            yield Reading(values={**honest.values, **known}) if known else honest
