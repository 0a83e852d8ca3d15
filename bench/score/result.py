"""What a score holds, and how it is written to a file and read back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from bench.score.axis_score import AxisScore
from bench.score.probability import ProbabilityScore
from bench.score.repeat import RepeatAxis, RepeatScore
from bench.score.superclass import DangerScore, SuperclassScore
from bench.score.usage import UsageTotal
from taxonomy.axis import VERSION
from taxonomy.error import FileError

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class MeanDifference:
    """Mean over some axes of accuracy minus baseline, with its 95% interval."""

    axes: int
    difference: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, repr=False)
class Score:
    """Everything that a run's readings say.

    Attributes
    ----------
    n : int
        Cases.
    failed : mapping of str to int
        Failed calls by kind; a score with any is shown but not ranked.
    ranked : bool
    axes : tuple of AxisScore
    text_inferable, waveform_only : MeanDifference or None
        Over the axes with a case.
    findings_predicted, findings_true : float
        Per ECG.
    superclass : SuperclassScore or None
    probability : ProbabilityScore or None
    normality : AxisScore or None
        Normal against abnormal, by itself or by the diagnosis; outside the correction over the axes. None without a
        case.
    usage : UsageTotal or None
        What the answers cost, where they say.
    repeats : RepeatScore or None
        Where every case was asked several times; all else is of the first answer.
    taxonomy_version : str
    draws, seed : int
    """

    n: int
    failed: Mapping[str, int]
    ranked: bool
    axes: tuple[AxisScore, ...]
    text_inferable: MeanDifference | None
    waveform_only: MeanDifference | None
    findings_predicted: float
    findings_true: float
    superclass: SuperclassScore | None
    probability: ProbabilityScore | None
    normality: AxisScore | None = None
    usage: UsageTotal | None = None
    repeats: RepeatScore | None = None
    taxonomy_version: str = VERSION
    draws: int = 2000
    seed: int = 0

    def __repr__(self) -> str:
        above = sum(axis.verdict == "above prior" for axis in self.asked)
        mean = self.waveform_only
        gain = f", waveform-only axes {100 * mean.difference:+.1f} points against the majority" if mean else ""
        return f"<Score of {self.n} ECGs: {above} of {len(self.asked)} axes above the prior{gain}>"

    def to_frame(self) -> "pandas.DataFrame":
        """Return a row for each axis with every figure of :class:`AxisScore` (needs pandas)."""
        import pandas

        return pandas.DataFrame([asdict(axis) for axis in self.axes]).set_index("axis")

    def _repr_html_(self) -> str:
        columns = ["n", "accuracy", "baseline", "text_ceiling", "difference", "p_holm", "verdict"]
        return f"<p>{escape(repr(self)[1:-1])}</p>{self.to_frame()[columns].to_html()}"

    def axis(self, name: str) -> AxisScore:
        """Return the score of one axis."""
        return next(axis for axis in self.axes if axis.axis == name)

    @property
    def asked(self) -> tuple[AxisScore, ...]:
        """The axes with a case: those that were asked for, or normality where it was all."""
        scored = tuple(axis for axis in self.axes if axis.n)
        return scored or ((self.normality,) if self.normality else ())

    @property
    def unanswered(self) -> float:
        """Share of cases without an answer, over the axes asked for."""
        missing = sum(sum((axis.no_answer or {}).values()) for axis in self.asked)
        return missing / max(1, sum(axis.n for axis in self.asked))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Score":
        """Return the score that :meth:`to_json` wrote.

        Raises
        ------
        FileError
            When the data has another form.
        """
        try:
            superclass, probability = data["superclass"], data["probability"]
            normality, usage = data["normality"], data["usage"]
            return cls(
                **{
                    **data,
                    "axes": tuple(AxisScore(**axis) for axis in data["axes"]),
                    "text_inferable": _mean_from(data["text_inferable"]),
                    "waveform_only": _mean_from(data["waveform_only"]),
                    "superclass": None if superclass is None else _superclass_from(superclass),
                    "probability": None if probability is None else ProbabilityScore(**probability),
                    "normality": None if normality is None else AxisScore(**normality),
                    "usage": None if usage is None else UsageTotal(**usage),
                    "repeats": _repeats_from(data["repeats"]),
                }
            )
        except (KeyError, TypeError) as error:
            raise FileError(f"not a score of this version ({error})") from error


def _mean_from(data: Mapping[str, Any] | None) -> MeanDifference | None:
    return None if data is None else MeanDifference(**data)


def _superclass_from(data: Mapping[str, Any]) -> SuperclassScore:
    groups = {name: DangerScore(**group) for name, group in data["groups"].items()}
    return SuperclassScore(**{**data, "overall": DangerScore(**data["overall"]), "groups": groups})


def _repeats_from(data: Mapping[str, Any] | None) -> RepeatScore | None:
    if data is None:
        return None
    return RepeatScore(data["repeats"], tuple(RepeatAxis(**axis) for axis in data["axes"]))
