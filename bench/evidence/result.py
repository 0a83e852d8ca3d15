"""The evidence on a reader: the result of an ablation."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from bench.evidence.axis_evidence import AxisEvidence
from bench.evidence.look import Look

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False, repr=False)
class Evidence:
    """The result of an ablation.

    Attributes
    ----------
    reader, dataset, split : str
    data : str
        The dataset's credit line.
    is_simulated : bool
    axes : tuple of AxisEvidence
    cases : int
    caveats : tuple of str
        Sentences: how many records have a recording, and why this is no test of the whole split where it is none.
    conditions : mapping of str to str or None
        For each condition, the condition whose answers were used.
    run_id : str
        Of the run under ``full``; empty when nothing was written to disk.
    image_ceiling : str
        Name of the reader; empty for none.
    looks : tuple of Look
        The looks that were taken where cases were asked until every axis was told; empty where all were asked at once.
    told : mapping of str to int
        By axis, the number of the look at which it was told; what is said of the axis is of that look.
    stopped : str
        Why no further look was taken although an axis was not told, such as a spent budget; empty at the last look.
    """

    reader: str
    dataset: str
    split: str
    data: str
    is_simulated: bool
    axes: tuple[AxisEvidence, ...]
    cases: int
    caveats: tuple[str, ...]
    conditions: Mapping[str, str | None]
    run_id: str = ""
    image_ceiling: str = ""
    looks: tuple[Look, ...] = ()
    told: Mapping[str, int] = field(default_factory=dict)
    stopped: str = ""

    def __repr__(self) -> str:
        said = Counter(
            finding
            for axis in self.axes
            for finding in [reason.finding for reason in axis.reasons] or [axis.verdict.partition(" (")[0]]
        )
        summary = ", ".join(f"{finding} on {count}" for finding, count in said.most_common())
        return f"<Evidence on {self.reader}: n = {self.cases}, {summary} of {len(self.axes)} axes>"

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {name: value for name, value in asdict(self).items() if name not in {"dataset", "split", "data"}}

    def to_frame(self) -> "pandas.DataFrame":
        """Return one row per axis: n, prior, ceilings, kappa, accuracy under each condition, verdict (needs pandas)."""
        import pandas

        rows = [
            {
                "axis": axis.axis,
                "n": axis.n,
                "prior": axis.prior,
                "text ceiling": axis.text_ceiling,
                "image ceiling": axis.image_ceiling,
                "kappa": axis.kappa and axis.kappa.value,
                **{name: figure.value for name, figure in axis.accuracies.items()},
                "verdict": axis.verdict,
            }
            for axis in self.axes
        ]
        return pandas.DataFrame(rows).set_index("axis")

    def _repr_html_(self) -> str:
        columns = ["n", "prior", "full", "kappa", "verdict"]
        return f"<p>{escape(repr(self)[1:-1])}</p>{self.to_frame()[columns].to_html()}"
