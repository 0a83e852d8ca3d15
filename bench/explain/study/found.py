"""What an explanation of a reader found: everything that its page, its JSON and its model card are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bench.dataset import RecordId
from bench.explain.belief.judging import Row
from bench.explain.belief.planted import Known
from bench.explain.concepts.concept_study import ConceptTable
from bench.explain.counterfactual.transplant import Flips
from bench.explain.hiding.joint_effect import JointExplanation
from bench.explain.hiding.pooled import PooledEffect
from bench.explain.maps.metric import Deletion
from bench.explain.maps.pooled_map import Pooled
from bench.explain.says import SaysDoes
from bench.explain.study.case import CONFIDENT, Chosen, ExplainedCase, chosen
from bench.explain.study.infarction import InfarctionCase, InfarctionGroup, infarction_groups
from bench.tracing.flip_dose import FlipSummary
from renderers.compared import Change

LEAST_CURVES = 3
"""Records of a finding below which it has no curve of its own."""


@dataclass(frozen=True, eq=False)
class Curves:
    """Deletion and insertion over the records of a finding, or of all findings.

    Attributes
    ----------
    title, method : str
    patients : tuple of RecordId
        Of each record.
    of_method, of_energy : tuple of Deletion
        Of the method's maps, and of the energy of the signal, record by record.
    """

    title: str
    method: str
    patients: tuple[RecordId, ...]
    of_method: tuple[Deletion, ...]
    of_energy: tuple[Deletion, ...]


@dataclass(frozen=True, eq=False)
class Explained:
    """What the page of a reader's explanations is made of.

    Attributes
    ----------
    reader, dataset, split : str
        The reader as after ``--reader``.
    n : int
        Records.
    is_simulated : bool
    data : str
        The dataset and its licence in one line.
    shown : str
        What the reader is shown of a recording, in words.
    method, verdict : str
        By which method the maps of the gallery are made, and whether they may be believed.
    reader_details : mapping of str to str
        What is known of the reader, such as its version and its licence.
    rows : tuple of Row
        Every method that was tried, of one reader or of several.
    truth : tuple of Known
    cases : tuple of ExplainedCase
        Of which the gallery is chosen.
    infarctions : tuple of InfarctionCase
    heats : tuple of Pooled
    curves : tuple of Curves
    changes : tuple of Change
        Beat transplants, before and after.
    flips : tuple of (str, Flips)
        What transplants showed of each finding, and of all, by its title.
    doses : tuple of FlipSummary
    concepts : ConceptTable or None
    says : SaysDoes or None
    joints : tuple of JointExplanation
    effects : tuple of (str, tuple of PooledEffect)
        What parts that were hidden by themselves gave, by the title of the finding.
    plan : tuple of str
        What was asked, in words.
    questions : int or None
        How many, of a reader that is asked from outside.
    dollars : float or None
        What they cost.
    notes : tuple of str
        What was left out, and why.
    paper : str
        ``6x2`` or ``3x4``.
    confident : float
        Probability of a wrong answer from which it is a confident error.
    """

    reader: str
    dataset: str
    n: int
    is_simulated: bool
    data: str
    method: str
    verdict: str
    split: str = ""
    shown: str = ""
    reader_details: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()
    truth: tuple[Known, ...] = ()
    cases: tuple[ExplainedCase, ...] = ()
    infarctions: tuple[InfarctionCase, ...] = ()
    heats: tuple[Pooled, ...] = ()
    curves: tuple[Curves, ...] = ()
    changes: tuple[Change, ...] = ()
    flips: tuple[tuple[str, Flips], ...] = ()
    doses: tuple[FlipSummary, ...] = ()
    concepts: ConceptTable | None = None
    says: SaysDoes | None = None
    joints: tuple[JointExplanation, ...] = ()
    effects: tuple[tuple[str, tuple[PooledEffect, ...]], ...] = ()
    plan: tuple[str, ...] = ()
    questions: int | None = None
    dollars: float | None = None
    notes: tuple[str, ...] = ()
    paper: str = "6x2"
    confident: float = CONFIDENT

    @cached_property
    def infarction_groups(self) -> tuple[InfarctionGroup, ...]:
        """The infarctions by territory and by likelihood; none without a case."""
        return infarction_groups(self.infarctions) if self.infarctions else ()

    @cached_property
    def gallery(self) -> tuple[Chosen, ...]:
        """The cases of the gallery, class by class."""
        return chosen(self.cases, self.confident)

    def pictured(self, most: int) -> tuple[Chosen, ...]:
        """Return the cases of the gallery that get a picture: the best and the worst of each class go first."""
        gallery = self.gallery
        ordered = sorted(range(len(gallery)), key=lambda number: gallery[number].roles == ("confident error",))
        return tuple(gallery[number] for number in sorted(ordered[:most]))
