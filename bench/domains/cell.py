"""The figures of one arm on one domain under one protocol."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.domains.challenge_score import challenge_table, normalised_score, reachable_score
from bench.domains.domain import Answered
from bench.domains.domain_class import DomainClass, domain_classes
from bench.domains.linear import NO_PATIENTS, Estimate, area_estimate, mean
from bench.domains.result import AxisFigure, Cell, ClassFigure, Figure
from bench.domains.sheet import Sheet, Sums, sheet_of
from bench.score.area import logit_interval
from bench.score.bootstrap import expanded, interval
from bench.score.kappa import kappa_interval
from bench.score.probability import calibration
from bench.score.proportion import clopper_pearson
from bench.score.rounding import rounded
from taxonomy.axis import AXES, DERIVED


def cell_of(parts: Sequence[Answered], name: str, draws: int, seed: int) -> Cell:
    """Return the figures of one arm over one domain, or over several as one under another name."""
    sheet = sheet_of(parts)
    figures = _Figures(sheet, draws, seed) if sheet.cases else None
    estimates = area_estimates(sheet)
    single = [one for known, one in estimates if not known.is_joined and isinstance(one, Estimate)]
    unsaid = [one for k, one in enumerate(challenge_table().classes) if k not in sheet.sayable]
    return Cell(
        arm=parts[0].arm,
        protocol=parts[0].protocol,
        domain=name,
        n=len(sheet.cases),
        patients=sheet.people,
        left_out=sheet.left_out,
        contaminated=sum(len(one.contaminated) for one in parts),
        taught=taught_by(parts),
        classes=tuple(_class_figure(sheet, k, one) for k, (_, one) in enumerate(estimates)),
        axes=figures.axes() if figures else (),
        auroc=area_figure(mean(single)) if single else Figure(None, withheld="no class has an AUROC"),
        auroc_classes=len(single),
        kappa=figures.kappa() if figures else NOTHING,
        macro_f1=figures.of(sheet.macro_f1, "no labelled axis is answered") if figures else NOTHING,
        calibration=figures.of(sheet.calibration, "no probabilities") if figures else NOTHING,
        reliability=_reliability(sheet),
        challenge=_challenge(sheet, draws, seed),
        reachable=reachable_score(sheet.credits) if sheet.credits else None,
        unsaid=tuple(f"{one.short} ({one.unsaid or 'its axis is not answered'})" for one in unsaid),
    )


NOTHING = Figure(None, withheld="no record was answered")


def taught_by(parts: Sequence[Answered]) -> dict[str, float]:
    """Return the training records by domain; of several domains as one, their mean over them."""
    names = sorted({name for one in parts for name in one.taught})
    return {name: rounded(sum(one.taught.get(name, 0.0) for one in parts) / len(parts)) for name in names}


def area_estimates(
    sheet: Sheet, outcome: NDArray[np.int8] | None = None, networks: NDArray[np.int64] | None = None
) -> list[tuple[DomainClass, Estimate | str]]:
    """Return the area of every class, or why it is withheld.

    By other outcomes than the strict ones, and over pairs of other groups than the sheet's networks, where given.
    """
    held = sheet.outcome if outcome is None else outcome
    groups = sheet.networks if networks is None else networks
    return [
        (one, area_estimate(held[:, k], sheet.chance[:, k], sheet.patients, groups))
        for k, one in enumerate(domain_classes())
    ]


def area_figure(found: Estimate) -> Figure:
    """Return an area with its interval on the logit scale; of 0 and 1 with the exact one of its patients."""
    if found.error is None:
        return Figure(rounded(found.value), withheld=NO_PATIENTS)
    low, high = logit_interval(found.value, found.influence)
    if found.floor and found.value in (0.0, 1.0):
        least = clopper_pearson(found.people, found.people)[0]
        low, high = (least, 1.0) if found.value else (0.0, rounded(1 - least))
    return Figure(rounded(found.value), (low, high))


def _class_figure(sheet: Sheet, k: int, found: Estimate | str) -> ClassFigure:
    outcome, chance = sheet.outcome[:, k], sheet.chance[:, k]
    counted, given = outcome >= 0, ~np.isnan(chance)
    both = counted & given
    known = bool(both.any()) and bool((outcome == 0).any())
    return ClassFigure(
        name=domain_classes()[k].name,
        n=int(counted.sum()),
        positives=int((outcome == 1).sum()),
        without=int((counted & ~given).sum()),
        auroc=Figure(None, withheld=found) if isinstance(found, str) else area_figure(found),
        mean_chance=rounded(chance[both].mean()) if known else None,
        calibration_error=calibration(chance[both], outcome[both] == 1)[0] if known else None,
    )


def _reliability(sheet: Sheet) -> tuple[tuple[float, float, int], ...]:
    counted, true, chance = sheet.pairs
    return calibration(chance[counted], true[counted])[1] if counted.any() else ()


def _challenge(sheet: Sheet, draws: int, seed: int) -> Figure:
    if not sheet.cases:
        return NOTHING
    if sheet.credits is None:
        return Figure(None, withheld="the labels are neither SNOMED CT codes nor SCP-ECG statements")
    return normalised_score(sheet.credits, sheet.patients, draws, seed)


class _Figures:
    """Figures of a sheet that follow from sums over cases, with their resamples."""

    def __init__(self, sheet: Sheet, draws: int, seed: int) -> None:
        self._sheet = sheet
        self._drawn: Sums = sheet.resampled(draws, seed)
        self._level = expanded(sheet.people)

    def of(self, figure: Callable[[Sums], NDArray[np.float64]], withheld: str) -> Figure:
        value = float(figure(self._sheet.sums)[0])
        if not np.isfinite(value):
            return Figure(None, withheld=withheld)
        if self._sheet.people < 2:
            return Figure(rounded(value), withheld=NO_PATIENTS)
        return Figure(rounded(value), interval(figure(self._drawn), self._level))

    def kappa(self) -> Figure:
        return self.of(self._sheet.mean_kappa, "no independent axis has a kappa")

    def axes(self) -> tuple[AxisFigure, ...]:
        return tuple(self._axis(axis.name) for axis in (*AXES, *DERIVED))

    def _axis(self, name: str) -> AxisFigure:
        sheet = self._sheet
        if name not in sheet.axes:
            is_asked = name in sheet.cases[0].asked
            return AxisFigure(name, 0, Figure(None, withheld="no label" if is_asked else "not answered"))
        f1 = float(sheet.macro_f1(sheet.sums, name)[0])
        return AxisFigure(
            name,
            len(sheet.axes[name].truths),
            self._kappa_figure(name),
            rounded(f1) if np.isfinite(f1) else None,
        )

    def _kappa_figure(self, name: str) -> Figure:
        if name not in self._sheet.telling:
            return Figure(None, withheld="one value is right for every record")
        value = float(self._sheet.kappa(self._sheet.sums, name)[0])
        if not np.isfinite(value):
            return Figure(None, withheld="no finding has ten positives and a negative, or chance is certain")
        if self._sheet.people < 2:
            return Figure(rounded(value), withheld=NO_PATIENTS)
        drawn = self._sheet.kappa(self._drawn, name)
        columns = self._sheet.axes[name].kappa_columns
        return Figure(rounded(value), kappa_interval(columns, drawn, self._level))
