"""Tests of whether the answers under a condition go with the truth, for every axis of an ablation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bench.evidence.answer import AskedCase, Whose, answered, numbers_under, own
from bench.evidence.conditions import crossed_draws, reads_trace, tells_nothing
from bench.evidence.figure import Figure, corrected, difference, missing, patients_of, right
from bench.score.agreement import LEVEL, holm
from bench.score.answer_table import answer_table
from bench.score.association import Association, association
from bench.score.rounding import rounded
from bench.view import CROSSED
from taxonomy.axis import Axis, AxisValue

Associate = Callable[..., Association]
"""Takes what :func:`bench.score.association.association` takes."""


@dataclass(frozen=True)
class ShuffleTest:
    """Whether the answers under one condition go with the truth.

    Attributes
    ----------
    condition : str
        Whose answers they are.
    n : int
        Labelled cases.
    s : int
        Right answers whose value is not the prior's; that of the draw with the median p, where there are several.
    p : float
        By shuffling the answers; of several draws of one condition twice their median, at most 1.
    names_n : int
        Cases whose truth is not the prior.
    names_p : float or None
        Whether it names them (:class:`bench.score.association.Association`).
    draws : int
    p_holm, names_p_holm : float or None
        Corrected over the axes.
    """

    condition: str
    n: int
    s: int
    p: float
    names_n: int
    names_p: float | None
    draws: int = 1
    p_holm: float | None = None
    names_p_holm: float | None = None


@dataclass(frozen=True)
class Jittered:
    """What becomes of right answers when the trace is shifted and scaled a little.

    Attributes
    ----------
    loss : Figure
        Accuracy in ``full`` minus accuracy under ``jittered``.
    s_full, s_jittered : int
        S in either condition, over the cases answered in both.
    """

    loss: Figure
    s_full: int
    s_jittered: int


@dataclass(frozen=True)
class AxisTests:
    """Every test on one axis; None where the condition was not asked, or cannot show it of this reader.

    Attributes
    ----------
    knows : ShuffleTest or None
        In ``full``.
    reads : ShuffleTest or None
        In ``image-only``, where nothing but the trace can carry the truth.
    infers : ShuffleTest or None
        In ``text-only``.
    follows_trace, follows_numbers : ShuffleTest or None
        In ``crossed``, against the truth of the image's patient and against that of the numbers' patient.
    elsewhere : ShuffleTest or None
        In a condition that shows neither trace nor numbers.
    jittered : Jittered or None
    refusal : Figure or None
        Share of cases without an answer in ``crossed`` minus that in ``full``.
    """

    knows: ShuffleTest | None = None
    reads: ShuffleTest | None = None
    infers: ShuffleTest | None = None
    follows_trace: ShuffleTest | None = None
    follows_numbers: ShuffleTest | None = None
    elsewhere: ShuffleTest | None = None
    jittered: Jittered | None = None
    refusal: Figure | None = None


TESTED = ("knows", "reads", "infers", "follows_trace", "follows_numbers", "elsewhere")
"""The families of shuffle tests; the p values of each are corrected over the axes."""


@dataclass(frozen=True, eq=False)
class Setting:
    """What the tests of every axis share.

    Attributes
    ----------
    inputs : frozenset of str
        Of the reader.
    serves : mapping of str to str or None
        For each condition, the condition whose answers are used.
    prior : mapping of str to value
        Majority value of each axis.
    measures : frozenset of str
        Axes on which the reader answers from this project's own measurement, which some truths are made of.
    associate : callable
        The shuffle test.
    level : float
        At which a verdict is given, over all axes; lower where it is looked at several times.
    """

    inputs: frozenset[str]
    serves: Mapping[str, str | None]
    prior: Mapping[str, AxisValue]
    measures: frozenset[str] = frozenset()
    associate: Associate = association
    level: float = LEVEL


def axis_tests(axes: Sequence[Axis], cases: tuple[AskedCase, ...], setting: Setting) -> list[AxisTests]:
    """Return the tests on every axis, each family of p values corrected over the axes (Holm 1979)."""
    found = [_of_axis(axis, cases, setting) for axis in axes]
    for family in TESTED:
        found = _corrected(found, family)
    losses = corrected([one.jittered.loss if one.jittered else None for one in found])
    return [
        replace(one, jittered=replace(one.jittered, loss=loss)) if one.jittered and loss else one
        for one, loss in zip(found, losses, strict=True)
    ]


def _of_axis(axis: Axis, cases: tuple[AskedCase, ...], setting: Setting) -> AxisTests:
    inputs, draws = setting.inputs, crossed_draws(setting.serves)
    trace, text = reads_trace(inputs), "text" in inputs
    empty = next(
        (name for name, used in reversed(list(setting.serves.items())) if used and tells_nothing(name, inputs)), ""
    )
    run = _Tests(axis, cases, setting)
    return AxisTests(
        knows=run.under("full"),
        reads=run.under("image-only") if trace else None,
        infers=run.under("text-only") if text else None,
        follows_trace=_combined([run.under(name) for name in draws]) if trace and text else None,
        follows_numbers=_combined([run.against(name, numbers_under(name)) for name in draws]) if text else None,
        elsewhere=run.under(empty) if empty else None,
        jittered=run.jittered() if trace else None,
        refusal=run.refusal(draws[0]) if draws and trace else None,
    )


@dataclass(frozen=True, eq=False)
class _Tests:
    axis: Axis
    cases: tuple[AskedCase, ...]
    setting: Setting
    done: dict[str, ShuffleTest | None] = field(default_factory=dict)
    """By condition: for some readers several look the same."""

    def under(self, condition: str) -> ShuffleTest | None:
        """Test the answers under one condition against the truth of the record whose image is shown."""
        served = self.setting.serves.get(condition)
        if served is None:
            return None
        if served not in self.done:
            self.done[served] = self.against(served, own)
        return self.done[served]

    def against(self, condition: str, whose: Whose) -> ShuffleTest | None:
        """Test the answers under one condition against the truth of the record that ``whose`` picks."""
        axis, prior = self.axis, self.setting.prior[self.axis.name]
        asked = answered(self.cases, axis.name, (condition,), whose)
        if not asked:
            return None
        sources = [source for case in asked if (source := whose(case))]
        answers, truths = [case.answer(condition, axis.name) for case in asked], [source.truth for source in sources]
        patients, folds = [source.patient_id for source in sources], [source.fold for source in sources]
        found = self.setting.associate(axis, answers, truths, prior, patients, folds)
        return ShuffleTest(
            condition=condition,
            n=found.n,
            s=found.s,
            p=rounded(found.p),
            names_n=found.names_n,
            names_p=None if found.names_p is None else rounded(found.names_p),
        )

    def jittered(self) -> Jittered | None:
        """Compare ``jittered`` with ``full``."""
        name, axis = "jittered", self.axis.name
        if self.setting.serves.get(name) != name:
            return None
        both = answered(self.cases, axis, ("full", name))
        loss = difference(patients_of(both), right(both, axis, "full"), right(both, axis, name))
        return Jittered(loss, self._s(both, "full"), self._s(both, name)) if loss else None

    def refusal(self, crossed: str) -> Figure | None:
        """Compare how many cases have no answer; whether they are labelled does not matter."""
        asked = tuple(case for case in self.cases if {"full", crossed} <= case.readings.keys())
        more, usual = (missing(asked, self.axis.name, name) for name in (crossed, "full"))
        return difference(patients_of(asked), more, usual, self.setting.level)

    def _s(self, cases: tuple[AskedCase, ...], condition: str) -> int:
        answers = [case.answer(condition, self.axis.name) for case in cases]
        truths = [case.own.truth for case in cases]
        return answer_table(self.axis, answers, truths, self.setting.prior[self.axis.name]).s


def _combined(draws: Sequence[ShuffleTest | None]) -> ShuffleTest | None:
    """Return one test of several draws of a condition: p is twice their median, which is valid however they depend.

    Twice the median of p values is a p value (Ruger 1978; Vovk and Wang 2020, Combining p-values via averaging).
    """
    found = sorted((draw for draw in draws if draw), key=lambda draw: draw.p)
    if len(found) <= 1:
        return found[0] if found else None
    names = [draw.names_p for draw in found if draw.names_p is not None]
    return replace(
        found[len(found) // 2],
        condition=CROSSED[0],
        p=twice_median([draw.p for draw in found]),
        names_p=twice_median(names) if names else None,
        draws=len(found),
    )


def twice_median(p: Sequence[float]) -> float:
    """Return the p of several dependent tests of one hypothesis; of one test it is its own."""
    return p[0] if len(p) == 1 else rounded(min(1.0, 2 * float(np.median(p))))


def _corrected(found: list[AxisTests], family: str) -> list[AxisTests]:
    """Return the tests with both p values of one family corrected over the axes."""
    tests: list[ShuffleTest | None] = [getattr(one, family) for one in found]
    p = iter(holm([test.p for test in tests if test]))
    names_p = iter(holm([test.names_p for test in tests if test and test.names_p is not None]))
    after = [
        test
        and replace(
            test,
            p_holm=rounded(next(p)),
            names_p_holm=None if test.names_p is None else rounded(next(names_p)),
        )
        for test in tests
    ]
    changes: list[dict[str, Any]] = [{family: test} for test in after]
    return [replace(one, **change) for one, change in zip(found, changes, strict=True)]
