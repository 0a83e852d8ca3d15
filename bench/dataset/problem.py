"""A defect of a dataset's files, or a peculiarity of a recording."""

from dataclasses import dataclass

from bench.dataset.record import RecordId

SERIOUS = frozenset({"missing", "checksum", "unreadable"})


@dataclass(frozen=True)
class Problem:
    """One finding about a file or a recording.

    Attributes
    ----------
    kind : str
        ``missing``, ``checksum``, ``unreadable`` (the files are damaged), or ``einthoven``, ``goldberger``, ``nan``,
        ``flat`` (the recording is peculiar).
    where : str
        File or record.
    sentence : str
    signal : (int or str, int) or None
        Record and sampling rate of the signal that it makes unreadable.
    """

    kind: str
    where: str
    sentence: str
    signal: tuple[RecordId, int] | None = None

    @property
    def serious(self) -> bool:
        """Whether a file is damaged or missing; a merely peculiar recording is not serious."""
        return self.kind in SERIOUS
