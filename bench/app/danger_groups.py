"""How dangerous the errors of a stored run are, by age and sex."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bench.run.caveat import told_caveats
from bench.score.superclass import AGE_BANDS, DangerScore
from bench.web.finding import FoundRun
from taxonomy.error import RunError

LEAST_GROUP = 30
"""Cases below which a group is marked: its interval, a bootstrap over its patients, is too narrow to lean on.

Drawn from the dangers of the submissions of ``digitizer``, ``12sl`` and ``majority``, intervals of 30 cases hold the
true figure in 92 to 93% of samples, of 15 in 81 to 92%, of 8 in 72 to 91%. Of ``resnet1d``, whose errors are rare, 30
cases hold it in 76%, and 100 in 90%.
"""

Kind = Literal["everybody", "sex", "age"]

GROUPS: Sequence[tuple[Kind, str, str]] = (
    ("sex", "male", "male"),
    ("sex", "female", "female"),
    *(("age", band, f"age {band}") for band in AGE_BANDS),
)
"""Kind, name, and the name under which a score has it."""


@dataclass(frozen=True)
class DangerGroup:
    """The errors on one group of cases.

    Attributes
    ----------
    kind : {"everybody", "sex", "age"}
    name : str
    score : DangerScore or None
        None of a group without a case.
    """

    kind: Kind
    name: str
    score: DangerScore | None

    @property
    def n(self) -> int:
        """Cases."""
        return self.score.n if self.score else 0

    @property
    def is_small(self) -> bool:
        """Whether it has fewer than :data:`LEAST_GROUP` cases."""
        return self.n < LEAST_GROUP


@dataclass(frozen=True)
class DangerGroups:
    """The errors of a run.

    Attributes
    ----------
    run, reader, dataset, split, condition : str
    is_simulated : bool
    table : str
        Name and version of the danger table.
    groups : tuple of DangerGroup
        Everybody first; every sex and age band, those without a case among them.
    caveats : tuple of str
        What is to be said of every figure of this run.
    """

    run: str
    reader: str
    dataset: str
    split: str
    condition: str
    is_simulated: bool
    table: str
    groups: tuple[DangerGroup, ...]
    caveats: tuple[str, ...]


def danger_groups(run: FoundRun) -> DangerGroups:
    """Return how dangerous the errors of a run are, as its stored score has it.

    Raises
    ------
    taxonomy.error.RunError
        When the run has no score, or one without a diagnosis.
    """
    found, settings = run.folder.score().superclass, run.settings
    if settings is None:
        raise RunError(run.problem)
    if found is None:
        raise RunError(f"{run.name} has no danger-weighted error: no case of it has a true superclass and an answer")
    groups = (
        DangerGroup("everybody", "all", found.overall),
        *(DangerGroup(kind, name, found.groups.get(key)) for kind, name, key in GROUPS),
    )
    return DangerGroups(
        run.name,
        settings.reader,
        settings.dataset,
        settings.split,
        settings.condition,
        settings.is_simulated,
        found.danger_table,
        groups,
        tuple(told_caveats(run.folder.manifest())),
    )
