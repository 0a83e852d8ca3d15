"""The benchmark's self-test: control readers, whose behaviour is known, must get the right verdicts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from bench.dataset import Cohort
from bench.evidence import verdict as words
from bench.evidence.ablation import Ablation, ablate_in_memory
from bench.evidence.axis_evidence import AxisEvidence
from bench.evidence.finished import Keep, make
from bench.progress import SILENT, Observer
from bench.view import View
from readers.contract import Reader
from readers.control import (
    AbnormalControl,
    ArbitraryControl,
    BlankControl,
    CopyControl,
    LinearControl,
    MemoryControl,
    OrderControl,
    PageControl,
    PriorControl,
    Recogniser,
    RefuserControl,
    SeeingControl,
    trace_digest,
)
from taxonomy.axis import AXIS_NAMES

CONDITIONS = "image-only,text-only,crossed,blank-image,nothing,jittered"
"""The core, and the conditions that show what comes from elsewhere."""

MEASURED = ("rate", "axis")
"""Axes that the numbers of the prompt decide."""

OTHERS = tuple(name for name in AXIS_NAMES if name not in MEASURED)

SHARES = (0.1, 0.25, 0.5)
"""Of the abnormal truths, what the controls see that see some."""

ENOUGH = 10
"""Abnormal cases on an axis from which on every control must be found out there."""

NO_READING = (words.READS, words.NAMES, words.TRACE, words.BOTH)
"""What must not be said of a reader that knows nothing of the trace."""


@dataclass(frozen=True)
class Expected:
    """What the verdicts on a control must, and must not, hold.

    Attributes
    ----------
    on : tuple of str
        Axes.
    says : str
        A finding, or how the verdict begins where there is none; empty for none.
    never : tuple of str
        Findings that must not be there.
    how_many : {"all", "any"}
        Whether every axis with at least :data:`ENOUGH` abnormal cases must have it, or one axis at least.
    """

    on: tuple[str, ...] = AXIS_NAMES
    says: str = ""
    never: tuple[str, ...] = ()
    how_many: Literal["all", "any"] = "all"


EXPECTED: Mapping[str, tuple[Expected, ...]] = {
    "control-prior": (Expected(says=words.PRIOR),),
    "control-blank": (Expected(says=words.PRIOR),),
    "control-copy": (
        Expected(MEASURED, words.NUMBERS),
        Expected(MEASURED, words.INFERS),
        Expected(OTHERS, words.PRIOR),
    ),
    "control-refuse": (Expected(says=words.REFUSES, never=(*NO_READING, words.ELSEWHERE)),),
    "control-copy-refuse": (Expected(says=words.REFUSES, never=(words.READS, words.NAMES, words.ELSEWHERE)),),
    "control-arbitrary": (Expected(never=(*NO_READING, words.ELSEWHERE)),),
    "control-linear": (Expected(never=(*NO_READING, words.ELSEWHERE)),),
    "control-page": (Expected(never=(*NO_READING, words.ELSEWHERE)),),
    "control-order": (Expected(never=(*NO_READING, words.ELSEWHERE)),),
    "control-memory": (Expected(says=words.ELSEWHERE),),
    "control-abnormal": (Expected(never=(words.NAMES, words.ELSEWHERE)),),
    "control-sees-10": (Expected(says=words.READS, how_many="any", never=(words.NUMBERS, words.ELSEWHERE)),),
    "control-sees-25": (Expected(says=words.NAMES, how_many="any", never=(words.NUMBERS, words.ELSEWHERE)),),
    "control-sees-50": (Expected(says=words.NAMES, how_many="any", never=(words.NUMBERS, words.ELSEWHERE)),),
    "control-perfect": (
        Expected(says=words.READS, never=(words.NUMBERS, words.ELSEWHERE)),
        Expected(says=words.NAMES, how_many="any"),
        Expected(says=words.TRACE),
    ),
}
"""The required verdicts, by control."""


@dataclass(frozen=True)
class ControlCheck:
    """One control's evidence, and what is wrong with the verdicts."""

    reader: str
    description: str
    axes: tuple[AxisEvidence, ...]
    wrong: tuple[str, ...]


def selftest(cohort: Cohort, seed: int = 0, observer: Observer = SILENT, keep: Keep = make) -> list[ControlCheck]:
    """Ablate every control and compare its verdicts with the required ones; ``keep`` has what is finished already."""
    with observer.progress("measuring") as report:
        cohort.measure(report)
    view = View(seed=seed)
    every = controls(cohort, seed)
    parts = [observer.part("control", number, len(every)) for number in range(1, len(every) + 1)]
    return [
        keep(one.name, ControlCheck, partial(_check, Ablation(one, cohort, view, CONDITIONS), part))
        for one, part in zip(every, parts, strict=True)
    ]


def controls(cohort: Cohort, seed: int = 0) -> list[Reader]:
    """Return every control, told the truth of a cohort where it needs to know it."""
    signals, values = [record.signal() for record in cohort], [cohort.truth(record).values for record in cohort]
    recogniser = Recogniser([(signal.mv, signal.fs) for signal in signals])
    learnt = {trace_digest(signal.mv): truth for signal, truth in zip(signals, values, strict=True)}
    return [
        PriorControl(),
        BlankControl(),
        CopyControl(),
        RefuserControl(),
        RefuserControl(copies=True),
        ArbitraryControl(seed),
        LinearControl(seed),
        PageControl(),
        OrderControl(len(cohort)),
        MemoryControl(learnt),
        AbnormalControl(recogniser, values),
        *(SeeingControl(recogniser, values, share) for share in (*SHARES, 1.0)),
    ]


def _check(ablation: Ablation, observer: Observer) -> ControlCheck:
    name, axes = ablation.reader.name, ablate_in_memory(ablation, observer=observer).axes
    wrong = tuple(problem for one in EXPECTED[name] for problem in problems(axes, one))
    return ControlCheck(name, getattr(ablation.reader, "description", ""), axes, wrong)


def problems(axes: Sequence[AxisEvidence], expected: Expected) -> Iterator[str]:
    """Yield what the verdicts on a control should say and do not, or say and should not."""
    checked = [axis for axis in axes if axis.axis in expected.on and axis.n]
    for axis in checked:
        for finding in _findings(axis) & set(expected.never):
            yield f"{axis.axis}: {axis.verdict!r} holds {finding!r}"
    lacking = [axis for axis in checked if expected.says and not _says(axis, expected.says)]
    if expected.how_many == "all":
        enough = (axis for axis in lacking if axis.tests.knows and axis.tests.knows.names_n >= ENOUGH)
        yield from (f"{axis.axis}: {axis.verdict!r} lacks {expected.says!r}" for axis in enough)
    elif checked and len(lacking) == len(checked):
        yield f"no axis: {expected.says!r}"


def _says(axis: AxisEvidence, finding: str) -> bool:
    return finding in _findings(axis) or (not axis.reasons and axis.verdict == finding)


def _findings(axis: AxisEvidence) -> set[str]:
    """Return the findings on an axis; who names a finding can read it too."""
    found = {reason.finding for reason in axis.reasons}
    return found | ({words.READS} if words.NAMES in found else set())
