"""What an explanation of a reader consists of."""

import hashlib
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path

from bench.dataset import Cohort, Dataset
from bench.explain.belief.belief import BeliefOptions
from bench.run.options import RunOptions
from bench.run.settings import safe_name
from taxonomy.error import SettingError, unknown_name

TRANSPLANTS = 3
"""Records of each finding that get a transplant as a rule, of a network; of a black box none."""

EACH_ASKED = 3
"""Patients of each finding as a rule, of a black box."""

PICTURES = 60
"""Pictures in the gallery, as a rule."""

PAPERS = ("6x2", "3x4")


@dataclass(frozen=True)
class ExplainOptions:
    """A reader, its records, and what is told of them.

    Attributes
    ----------
    run : RunOptions
        The reader, the records, what it is shown, and where folders go.
    belief : BeliefOptions
        Methods and findings, and how many patients of each.
    shown : str
        The method whose maps are drawn; without it the one that deserves most belief.
    transplants : int or None
        Records of each finding that get a transplant; 0 leaves them out, None does as is the rule for its kind.
    concepts : bool
        Whether it is asked what concepts the answers of a network rest on.
    doses : bool
        Whether the records are changed by known doses until answers flip (``bench probe``).
    max_queries : int or None
        Questions at most that are asked of a black box.
    pictures : int
        Of the gallery at most.
    paper : str
        ``6x2`` or ``3x4``.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is no such paper.
    taxonomy.error.SettingError
        When a count is below 0.
    """

    run: RunOptions
    belief: BeliefOptions = field(default_factory=BeliefOptions)
    shown: str = ""
    transplants: int | None = None
    concepts: bool = True
    doses: bool = False
    max_queries: int | None = None
    pictures: int = PICTURES
    paper: str = PAPERS[0]

    def __post_init__(self) -> None:
        if self.paper not in PAPERS:
            raise unknown_name("paper", self.paper, PAPERS)
        for name, count in (("transplants", self.transplants or 0), ("pictures", self.pictures)):
            if count < 0:
                raise SettingError(f"the number of {name} must be 0 or more, not {count}")

    @cached_property
    def dataset(self) -> Dataset:
        """The dataset, opened."""
        return self.run.selection.open()

    @cached_property
    def cohort(self) -> Cohort:
        """The records."""
        return self.run.selection.cohort(dataset=self.dataset)

    @property
    def folder(self) -> Path:
        """Where the page goes: the same for the same explanation."""
        run = self.run
        view, limits = replace(run.view, seed=run.view.seed), (self.pictures, self.paper, self.shown)
        decides = (
            run.reader, sorted(run.options.items()), self.dataset.name, self.cohort.split, self.cohort.ids, view,
            asdict(self.belief), self.transplants, self.concepts, self.doses, self.max_queries, limits,
        )  # fmt: skip
        digest = hashlib.sha256(repr(decides).encode()).hexdigest()[:8]
        name = f"explain-{safe_name(run.reader)[:40]}-{safe_name(self.dataset.name)}-{self.cohort.split}-{digest}"
        return run.out / name
