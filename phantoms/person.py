"""From SCP-ECG statements to a heart: a person is drawn first, then what each statement means for the physiology.

The person (axis, voltage, P and T wave, rate, noise) is drawn independently of the statements, so that no statement can
be read from the substrate; only what a finding causes itself differs, such as the axis of an inferior infarction.
Limits of rate, PR, QRS and QTc are kept at a distance of a few ms from the thresholds of ``taxonomy.threshold``, so
that a statement and the intervals never contradict each other.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from phantoms.error import PhantomError
from phantoms.physiology import Infarct, Noise, Physiology, Stage, Territory
from taxonomy.ischemia import TERRITORY

Change = dict[str, Any]

QT_AT_60, QT_SLOPE = 421.0, 1.75
"""QT in ms at 60 per minute, and what it loses for each further beat per minute."""

LEAST_PR_OF_LONG_P = 150.0
"""PR in ms that leaves room for the P wave of an enlarged left atrium."""

USUAL_AXIS, T_BY_AXIS, VOLTAGE_BY_AXIS = 46.0, 0.18, 0.006
"""The median frontal axis in degrees; by how many degrees T follows one degree of it, and by what share the voltage
grows. In real normal records R in II and the axis correlate by 0.63, the axes of T and QRS by 0.33."""

INFARCTION_STAGES: tuple[tuple[Stage, str, float], ...] = (
    ("acute", "Stadium I", 0.15),
    ("recent", "Stadium II", 0.20),
    ("old", "Stadium III", 0.65),
)
"""Stage, PTB-XL's word for it, and its share."""


ALSO: Mapping[str, tuple[Territory, ...]] = {"IPMI": ("inferior",), "IPLMI": ("inferolateral",)}
"""Further walls of infarctions that the taxonomy names after their posterior part."""


def drawn_person(chance: np.random.Generator) -> Physiology:
    """Return a healthy heart and its recording, drawn at random."""
    rate = float(np.clip(chance.normal(70, 9), 63, 96))
    axis = _axis(chance)
    return Physiology(
        rate=rate,
        variability=float(np.clip(0.030 * np.exp(chance.normal(0, 0.45)), 0.010, 0.065)),
        pr=float(np.clip(chance.normal(160, 24), 120, 197)),
        qrs=float(np.clip(chance.normal(113, 7), 97, 125)),
        qt=_qt(rate, chance),
        axis=axis,
        voltage=float(np.exp(chance.normal(0, 0.20) + VOLTAGE_BY_AXIS * (axis - USUAL_AXIS))),
        t_gain=float(np.exp(chance.normal(0, 0.24))),
        t_turn=float(np.clip(chance.normal(T_BY_AXIS * (axis - USUAL_AXIS), 9), -38, 30)),
        p_gain=float(np.exp(chance.normal(0, 0.22))),
        noise=Noise(
            wander=0.012 + 0.022 * float(np.exp(chance.normal(0, 0.65))),
            muscle=0.0105 * float(np.exp(chance.normal(0, 0.33))),
            mains=0.004 * float(chance.random() < 0.15),
            respiration=float(chance.uniform(0.01, 0.06)),
        ),
    )


def _axis(chance: np.random.Generator) -> float:
    """Return a normal frontal axis: more often far to the left of it than far to the right."""
    off = chance.standard_normal()
    return float(np.clip(USUAL_AXIS + off * (40 if off < 0 else 25), -27, 87))


def _qt(rate: float, chance: np.random.Generator) -> float:
    usual = QT_AT_60 - QT_SLOPE * (rate - 60)
    return float(np.clip(usual + np.clip(chance.normal(0, 22), -45, 34), 0, 60_000 / rate - 20))


def heart_of(codes: Collection[str], chance: np.random.Generator) -> tuple[Physiology, str | None]:
    """Return a heart with everything that the statements say, and the stage of its infarction in PTB-XL's words.

    Parameters
    ----------
    codes : collection of str
        SCP-ECG statements.
    chance : numpy Generator

    Raises
    ------
    PhantomError
        When a statement is unknown, or the statements contradict each other.
    """
    unknown = sorted(code for code in codes if code not in MEANS and code not in TERRITORY)
    if unknown:
        raise PhantomError(f"the statement {unknown[0]!r} cannot be simulated")
    _check_together(codes)
    heart = drawn_person(chance)
    changes: Change = {}
    for code in sorted(codes, key=lambda code: list(MEANS).index(code) if code in MEANS else -1):
        if code in MEANS:
            changes |= MEANS[code](heart, chance)
    stadium, wounds = _wounds(codes, chance)
    return _coherent(heart, changes | wounds, chance), stadium


EXCLUSIVE: tuple[frozenset[str], ...] = (
    frozenset({"SR", "SBRAD", "STACH", "SARRH", "AFIB", "AFLT", "SVTAC", "PSVT", "SVARR", "BIGU", "TRIGU", "PACE"}),
    frozenset({"CLBBB", "CRBBB", "WPW", "ILBBB", "IVCD", "IRBBB", "PACE"}),
    frozenset({"LAFB", "LPFB", "CLBBB", "ILBBB", "WPW", "IVCD", "PACE", "RVH"}),
    frozenset({"1AVB", "LPR", "2AVB", "3AVB", "WPW", "AFIB", "AFLT", "PACE", "SVTAC", "PSVT"}),
    frozenset({"2AVB", "3AVB", "SARRH", "SBRAD", "STACH", "AFIB", "AFLT", "SVARR", "SVTAC", "PSVT", "BIGU", "TRIGU"}),
    frozenset({"LVOLT", "VCLVH", "LVH"}),
    frozenset({"LVOLT", "HVOLT", "RVH"}),
    frozenset({"LVH", "RVH"}),
    frozenset({"STD_", "STE_"}),
    *(frozenset({atrium, without_p}) for atrium in ("LAO/LAE", "RAO/RAE") for without_p in ("AFIB", "AFLT", "PACE")),
    *(frozenset({"2AVB", other}) for other in ("PVC", "PAC", "PRC(S)")),
    *(frozenset({"3AVB", other}) for other in ("PVC", "PAC", "PRC(S)")),
    *(frozenset({"PACE", other}) for other in ("PVC", "PAC", "PRC(S)")),
    *(frozenset({other, "PAC"}) for other in ("AFIB", "AFLT")),
)
"""Statements that exclude one another: one heart cannot have two of a set."""


def _check_together(codes: Collection[str]) -> None:
    for excluding in EXCLUSIVE:
        both = sorted(excluding.intersection(codes))
        if len(both) > 1:
            raise PhantomError(f"the statements {both[0]!r} and {both[1]!r} contradict each other")


def _wounds(codes: Collection[str], chance: np.random.Generator) -> tuple[str | None, Change]:
    """Return infarction, injury and ischemia by the territory of their statements."""
    infarcts, injury, ischemia = list[Infarct](), list[Territory](), list[Territory]()
    stage, stadium, _ = INFARCTION_STAGES[chance.choice(3, p=[share for *_, share in INFARCTION_STAGES])]
    for code in sorted(code for code in codes if code in TERRITORY):
        place = TERRITORY[code]
        territory: Territory = "anterolateral" if place == "unspecified" else place  # type: ignore[assignment]
        if code.startswith("INJ"):
            injury.append(territory)
        elif code.startswith("ISC"):
            ischemia.append(territory)
        else:
            infarcts += [Infarct(wall, stage) for wall in (territory, *ALSO.get(code, ()))]
    found = {"infarcts": tuple(infarcts), "injury": tuple(injury), "ischemia": tuple(ischemia)}
    return stadium if infarcts else None, found


def _coherent(heart: Physiology, changes: Change, chance: np.random.Generator) -> Physiology:
    """Apply the changes, and fit QT, PR and rate to one another."""
    rhythm, rate = changes.get("rhythm", heart.rhythm), changes.get("rate", heart.rate)
    if rhythm in ("atrial_fibrillation", "atrial_flutter", "paced") or changes.get("av_block") == "third_degree":
        changes["pr"] = None
    changes |= _axis_of(changes, chance)
    if changes.get("infarcts"):
        changes["notched"] = False  # The abnormal QRS complex is that of the infarction.
    qrs = changes.get("qrs", heart.qrs)
    qt = _qt(rate, chance) + max(0.0, qrs - 112) * 0.5
    if "long" in changes:
        del changes["long"]
        qt = float(chance.uniform(515, 575)) * np.sqrt(60 / rate)
    changes["qt"] = float(np.clip(qt, qrs + 130, max(qrs + 131, 60_000 / rate + 20)))
    pr = changes.get("pr", heart.pr)
    if "left_atrium" in changes and "pr" not in changes and pr is not None:
        pr = max(pr, LEAST_PR_OF_LONG_P)
    if pr is not None:
        changes["pr"] = float(min(pr, 0.42 * 60_000 / rate + 30))
    return replace(heart, **changes)


def _axis_of(changes: Change, chance: np.random.Generator) -> Change:
    """Return the axis that the heart's own state gives: inferior forces lost turn it left, RBBB turns it right."""
    if "axis" in changes:
        return {}
    if changes.get("ventricle") == "rbbb":
        return {"axis": float(chance.uniform(35, 115))}
    inferior = any(scar.territory == "inferior" for scar in changes["infarcts"]) or "q_waves" in changes
    if inferior and "ventricle" not in changes:
        return {"axis": float(np.clip(chance.normal(-5, 24), -44, 45))}
    return {}


def _rhythm(name: str, low: float, high: float) -> Callable[[Physiology, np.random.Generator], Change]:
    return lambda heart, chance: {"rhythm": name, "rate": float(chance.uniform(low, high))}


def _fibrillation(heart: Physiology, chance: np.random.Generator) -> Change:
    return {"rhythm": "atrial_fibrillation", "rate": float(np.clip(88 * np.exp(chance.normal(0, 0.24)), 52, 150))}


def _flutter(heart: Physiology, chance: np.random.Generator) -> Change:
    ratio = int(chance.choice([2, 3, 4], p=[0.6, 0.1, 0.3]))
    return {"rhythm": "atrial_flutter", "flutter_ratio": ratio, "rate": float(chance.uniform(258, 324)) / ratio}


def _set(**values: Any) -> Callable[[Physiology, np.random.Generator], Change]:
    """Return what sets parameters; a pair of numbers is drawn between them."""

    def change(heart: Physiology, chance: np.random.Generator) -> Change:
        return {
            name: float(chance.uniform(*value)) if isinstance(value, tuple) else value for name, value in values.items()
        }

    return change


MEANS: Mapping[str, Callable[[Physiology, np.random.Generator], Change]] = {
    "NORM": _set(),
    "SR": _set(),
    "SBRAD": _set(rate=(44.0, 56.0)),
    "STACH": _set(rate=(103.0, 124.0)),
    "SARRH": lambda heart, chance: {
        "rhythm": "sinus_arrhythmia",
        "rate": float(chance.uniform(62, 86)),
        "variability": float(chance.uniform(0.08, 0.14)),
    },
    "AFIB": _fibrillation,
    "AFLT": _flutter,
    "SVTAC": _rhythm("supraventricular", 150, 195),
    "PSVT": _rhythm("supraventricular", 160, 205),
    "SVARR": _rhythm("supraventricular", 62, 92),
    "BIGU": _rhythm("bigeminy", 64, 84),
    "TRIGU": _rhythm("trigeminy", 64, 84),
    "PACE": _rhythm("paced", 63, 82),
    "1AVB": _set(pr=(214.0, 290.0)),
    "LPR": _set(pr=(210.0, 250.0)),
    "2AVB": _set(av_block="second_degree", pr=(190.0, 230.0), rate=(72.0, 88.0)),
    "3AVB": _set(av_block="third_degree", rate=(34.0, 48.0)),
    "IRBBB": _set(ventricle="incomplete_rbbb", qrs=(122.0, 131.0)),
    "IVCD": _set(ventricle="ivcd", qrs=(124.0, 150.0)),
    "ILBBB": _set(ventricle="incomplete_lbbb", qrs=(122.0, 131.0), axis=(-20.0, 30.0)),
    "LPFB": _set(ventricle="lpfb", qrs=(106.0, 121.0), axis=(102.0, 130.0)),
    "LAFB": _set(ventricle="lafb", qrs=(104.0, 120.0), axis=(-72.0, -46.0)),
    "WPW": _set(ventricle="pre_excitation", qrs=(132.0, 158.0), pr=(86.0, 112.0)),
    "CRBBB": _set(ventricle="rbbb", qrs=(142.0, 178.0)),
    "CLBBB": _set(ventricle="lbbb", qrs=(142.0, 182.0), axis=(-42.0, 30.0)),
    "LVH": _set(lvh=True, voltage=(1.10, 1.45), axis=(-20.0, 50.0)),
    "RVH": _set(rvh=True, strain=True, axis=(98.0, 140.0)),
    "SEHYP": _set(septal_hypertrophy=True),
    "LAO/LAE": _set(left_atrium=True),
    "RAO/RAE": _set(right_atrium=True),
    "VCLVH": _set(voltage=(1.65, 2.1)),
    "HVOLT": _set(voltage=(1.75, 2.3)),
    "LVOLT": _set(voltage=(0.24, 0.34)),
    "NDT": _set(t_gain=(0.12, 0.32)),
    "NST_": _set(st=(-0.05, -0.03), t_gain=(0.3, 0.6)),
    "NT_": _set(t_gain=(0.15, 0.38)),
    "LOWT": _set(t_gain=(0.06, 0.22)),
    "INVT": _set(t_gain=(-0.8, -0.35)),
    "TAB_": _set(t_gain=(-0.3, 0.15)),
    "STD_": _set(st=(-0.20, -0.11)),
    "STE_": _set(st=(0.14, 0.26)),
    "DIG": _set(digitalis=True),
    "EL": _set(hypokalemia=True),
    "LNGQT": _set(long=True),
    "ANEUR": _set(aneurysm=True),
    "ABQRS": _set(notched=True),
    "QWAVE": _set(q_waves=True),
    "PVC": _set(premature_ventricular=2),
    "PAC": _set(premature_atrial=2),
    "PRC(S)": _set(premature_ventricular=1, premature_atrial=1),
}
"""What each statement means; those of infarction, injury and ischemia follow from their territory. Later ones win."""
