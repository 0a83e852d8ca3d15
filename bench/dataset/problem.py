"""One thing that is wrong with a dataset's files or with a recording."""

from dataclasses import dataclass

from bench.dataset.record import RecordId

SERIOUS = frozenset({"missing", "checksum", "unreadable"})


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes
    ----------
    kind : str
        ``missing``, ``checksum``, ``unreadable`` (the files are damaged), or ``einthoven``, ``goldberger``, ``nan``,
        ``flat`` (the recording is peculiar).
    where : str
        File or record.
    sentence : str
    signal : (int or str, int) or None
        Record and sampling rate of the one signal that cannot be read because of it.
    """

    kind: str
    where: str
    sentence: str
    signal: tuple[RecordId, int] | None = None

    @property
    def serious(self) -> bool:
        """Whether the files are damaged, rather than a recording peculiar."""
        return self.kind in SERIOUS
