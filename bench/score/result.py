"""The score of a run, written to JSON and read back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from bench.score.axis_score import AxisScore
from bench.score.probability import ProbabilityScore
from bench.score.repeat import RepeatScore
from bench.score.superclass import SuperclassScore
from bench.score.usage import UsageTotal
from taxonomy.axis import SAME_ANSWERS, VERSION
from taxonomy.error import FileError, unknown_name
from taxonomy.outside import strict_object

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class MeanDifference:
    """Accuracy minus baseline, averaged over some axes, with its 95% interval."""

    axes: int
    difference: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class MeanKappa:
    """Kappa, averaged over the independent waveform-only axes that have one, with its 95% interval."""

    axes: tuple[str, ...]
    kappa: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, repr=False)
class Score:
    """All figures of a run.

    Attributes
    ----------
    n : int
        Cases.
    failed : mapping of str to int
        Failed calls by kind; a score with any is not ranked.
    ranked : bool
    axes : tuple of AxisScore
    kappa : MeanKappa or None
        The headline, by which readers are ranked: over rhythm, conduction, ischemia (stage and territory as one
        answer), other findings and diagnosis, as far as they are scored.
    text_inferable, waveform_only : MeanDifference or None
        Over the axes with a case, without those whose figure holds by construction.
    findings_predicted, findings_true : float
        Per ECG.
    superclass : SuperclassScore or None
    probability : ProbabilityScore or None
    normality : AxisScore or None
        Normal against abnormal, answered directly or through the diagnosis. Both this and ``ischemia`` restate axes:
        they are corrected over the axes and one another, and take no part in the correction of the axes.
    ischemia : AxisScore or None
        Stage and territory as one answer, right where both are right of the same statements.
    usage : UsageTotal or None
        Where the readings state their usage.
    repeats : RepeatScore or None
        Where every case was asked several times; all other figures use the first answer.
    taxonomy_version : str
    draws, seed : int
    """

    n: int
    failed: Mapping[str, int]
    ranked: bool
    axes: tuple[AxisScore, ...]
    kappa: MeanKappa | None
    text_inferable: MeanDifference | None
    waveform_only: MeanDifference | None
    findings_predicted: float
    findings_true: float
    superclass: SuperclassScore | None
    probability: ProbabilityScore | None
    normality: AxisScore | None = None
    ischemia: AxisScore | None = None
    usage: UsageTotal | None = None
    repeats: RepeatScore | None = None
    taxonomy_version: str = VERSION
    draws: int = 2000
    seed: int = 0

    def __repr__(self) -> str:
        tested = [axis for axis in self.asked if not axis.by_construction]
        known = sum(axis.knows for axis in tested)
        mean = f", mean kappa {self.kappa.kappa:.2f}" if self.kappa else ""
        return f"<Score of {self.n} ECGs: knows {known} of {len(tested)} axes{mean}>"

    def to_frame(self) -> "pandas.DataFrame":
        """Return one row per axis with every figure of :class:`AxisScore` (needs pandas)."""
        import pandas

        return pandas.DataFrame([asdict(axis) for axis in self.axes]).set_index("axis")

    def _repr_html_(self) -> str:
        columns = ["n", "accuracy", "baseline", "kappa", "knows_p_holm", "names_p_holm", "difference", "verdict"]
        return f"<p>{escape(repr(self)[1:-1])}</p>{self.to_frame()[columns].to_html()}"

    def axis(self, name: str) -> AxisScore:
        """Return the score of one axis; raises UnknownNameError when it was not scored."""
        scored = {axis.axis: axis for axis in self.axes}
        if name not in scored:
            raise unknown_name("axis", name, scored)
        return scored[name]

    @property
    def asked(self) -> tuple[AxisScore, ...]:
        """The axes with a case, or normality if only that was asked for."""
        scored = tuple(axis for axis in self.axes if axis.n)
        return scored or ((self.normality,) if self.normality else ())

    @property
    def unanswered(self) -> float:
        """Share of missing answers over the axes asked for."""
        missing = sum(sum((axis.no_answer or {}).values()) for axis in self.asked)
        return missing / max(1, sum(axis.n for axis in self.asked))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: object) -> "Score":
        """Return the score that :meth:`to_json` made.

        Raises
        ------
        FileError
            When the data has another form.
        """
        if not isinstance(data, Mapping):
            raise FileError("not a score: it is no JSON object")
        version = data.get("taxonomy_version")
        if isinstance(version, str) and version not in SAME_ANSWERS:
            raise FileError(f"not a score of taxonomy {VERSION} but of {version}: 'bench score RUN' computes it anew")
        return strict_object(cls, data, lambda problem: f"not a score of this version ({problem})")
