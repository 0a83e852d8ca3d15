"""What stands on the site: entries in tables, and the readers that they are of."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bench.run.caveat import incomplete, same_simulator, told_caveats
from bench.run.folder import RunFolder
from bench.run.ranking import RankedPair
from bench.run.sample import OnSample, PeopleAgreement
from bench.run.settings import RunSettings, safe_name
from bench.run.submission import Origin
from bench.score.result import Score
from bench.view import condition_named
from readers.contract import INPUTS

NOTHING = "nothing"
"""The kind of a reader that is shown nothing of a case, such as the majority."""

KINDS = (*INPUTS, NOTHING)

SHOWN: Mapping[str, str] = {
    "signal": "the signal",
    "image": "a picture of the page",
    "text": "a prompt in words",
    "statements": "a program's statements",
    NOTHING: "nothing",
}
"""What a reader of each kind is shown of a case, in words."""


@dataclass(frozen=True, eq=False)
class Entry:
    """A run on the site, submitted or one's own.

    Attributes
    ----------
    folder : RunFolder
    settings : RunSettings
    manifest : mapping
    score : Score
    key : str
        Run id, and digest of the readings.
    rank : int or None
        None for a run of one's own, which is not ranked.
    origin : Origin or None
    """

    folder: RunFolder
    settings: RunSettings
    manifest: Mapping[str, Any]
    score: Score
    key: str
    rank: int | None = None
    origin: Origin | None = None

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """What the reader is shown of a case, in the order of :data:`KINDS`."""
        inputs = self.folder.view().inputs
        return tuple(name for name in INPUTS if name in inputs) or (NOTHING,)

    @property
    def condition(self) -> str:
        """The name of the condition."""
        return condition_named(self.settings.condition).name

    @property
    def form(self) -> str:
        """The format of the answer."""
        return self.settings.form or "dense"

    @property
    def identity(self) -> str:
        """The reader, its options and its details as JSON: two entries of one reader have the same."""
        settings = self.settings
        told = (settings.reader, sorted(settings.options.items()), sorted(settings.reader_details.items()))
        return json.dumps(told, sort_keys=True, default=str)

    @property
    def anchor(self) -> str:
        """Of the entry's part of its reader's page."""
        return "run-" + _digest(self.key)

    @property
    def notes(self) -> tuple[str, ...]:
        """What its figures cannot be taken for, in sentences."""
        settings, score = self.settings, self.score
        if self.origin is None:
            failed = sum(score.failed.values())
            calls = (f"{failed} of its calls failed, which are no answers: no leaderboard takes it.",) if failed else ()
            return (*told_caveats(self.manifest), *incomplete(score.n, len(settings.ids)), *calls)
        return same_simulator(settings.reader, settings.reader_details, settings.is_simulated)


@dataclass(frozen=True, eq=False)
class SiteTable:
    """The entries that were shown and asked the same, the best first.

    Attributes
    ----------
    dataset, split, fingerprint, shown : str
        ``shown`` is what was shown and asked where it is not everything.
    entries : tuple of Entry
    pairs : tuple of RankedPair
    missing : int
        Pairs that were not compared.
    is_own : bool
        Runs of one's own: neither checked nor ranked.
    beside : tuple of OnSample
        Where people read a sample: the readers of the whole split on its cases.
    agreement : tuple of PeopleAgreement
    """

    dataset: str
    split: str
    fingerprint: str
    shown: str
    entries: tuple[Entry, ...]
    pairs: tuple[RankedPair, ...] = ()
    missing: int = 0
    is_own: bool = False
    beside: tuple[OnSample, ...] = ()
    agreement: tuple[PeopleAgreement, ...] = ()

    @property
    def people(self) -> dict[str, str]:
        """The readers' names by the keys of their entries."""
        return {entry.key: entry.settings.reader for entry in self.entries}

    @property
    def title(self) -> str:
        """Dataset and split, what was shown where it is not everything, and whose runs they are."""
        own = "own runs" if self.is_own else ""
        return ", ".join(part for part in (self.dataset, self.split, self.shown, own) if part)

    @property
    def slug(self) -> str:
        """A name of its own for files and anchors."""
        told = (self.dataset, self.split, self.fingerprint, self.shown, self.is_own)
        return f"{safe_name(f'{self.dataset}-{self.split}')[:60]}-{_digest(repr(told))}"

    @property
    def n(self) -> int:
        """Records of the table."""
        return max(len(entry.settings.ids) for entry in self.entries)

    @property
    def is_simulated(self) -> bool:
        """Whether its records are phantoms."""
        return self.entries[0].settings.is_simulated

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions of its entries, each once."""
        return tuple(dict.fromkeys(entry.condition for entry in self.entries))

    @cached_property
    def group_sizes(self) -> Mapping[int, int]:
        """How many entries share each rank."""
        return Counter(entry.rank for entry in self.entries if entry.rank is not None)

    @property
    def notes(self) -> tuple[str, ...]:
        """What its figures cannot be taken for, each sentence once."""
        return tuple(dict.fromkeys(note for entry in self.entries for note in entry.notes)) if not self.is_own else ()

    def against(self, entry: Entry) -> tuple[tuple[Entry, RankedPair], ...]:
        """Return the others with which an entry was compared, and the difference, which is the entry's minus theirs."""
        found = self._differences.get(entry.key, {})
        return tuple((other, found[other.key]) for other in self.entries if other.key in found)

    @cached_property
    def _differences(self) -> Mapping[str, Mapping[str, RankedPair]]:
        """By the keys of an entry and another, the difference, which is the former's minus the latter's."""
        found: dict[str, dict[str, RankedPair]] = {}
        for pair in self.pairs:
            found.setdefault(pair.first, {})[pair.second] = pair
            found.setdefault(pair.second, {})[pair.first] = _turned(pair)
        return found


@dataclass(frozen=True, eq=False)
class SiteReader:
    """A reader with its options and weights, and where it stands.

    Attributes
    ----------
    slug : str
        Name of its page.
    places : tuple of (SiteTable, Entry)
    """

    slug: str
    places: tuple[tuple[SiteTable, Entry], ...] = field(repr=False)

    @property
    def first(self) -> Entry:
        """An entry of it, for what all share."""
        return self.places[0][1]

    @property
    def name(self) -> str:
        """As after ``--reader``."""
        return self.first.settings.reader

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it is shown in any of its entries."""
        shown = {kind for _, entry in self.places for kind in entry.kinds}
        return tuple(kind for kind in KINDS if kind in shown)

    @property
    def shown(self) -> str:
        """What it is shown of each case, in words."""
        return " and ".join(SHOWN[kind] for kind in self.kinds)


def readers_of(tables: Iterable[SiteTable]) -> tuple[SiteReader, ...]:
    """Return the readers of tables in the order in which they first stand there."""
    places: dict[str, list[tuple[SiteTable, Entry]]] = {}
    for table in tables:
        for entry in table.entries:
            places.setdefault(entry.identity, []).append((table, entry))
    return tuple(SiteReader(_slug(found), tuple(found)) for found in places.values())


def _slug(places: Sequence[tuple[SiteTable, Entry]]) -> str:
    entry = places[0][1]
    return f"{safe_name(entry.settings.reader)[:40].strip('-') or 'reader'}-{_digest(entry.identity)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _turned(pair: RankedPair) -> RankedPair:
    bounds = None if pair.interval is None else (-pair.interval[1], -pair.interval[0])
    return RankedPair(pair.second, pair.first, pair.n, -pair.difference, bounds, pair.p, pair.p_holm)
