"""Parts of an explanation of the shapes that the methods give, made by the methods' own summaries."""

import numpy as np

from bench.evidence.figure import Figure
from bench.explain.belief.estimate import Estimate
from bench.explain.belief.judging import Figures, Nulls, row
from bench.explain.belief.planted import LATE_QRS, NO_P, ST_SHIFT, Known
from bench.explain.concepts.concept_study import ConceptTable
from bench.explain.concepts.concept_vector import ConceptUse
from bench.explain.counterfactual.transplant import NO_DONOR, NoTransplant, Transplant
from bench.explain.counterfactual.transplant import pooled as flips_of
from bench.explain.hiding.effect import Effect, Explanation
from bench.explain.hiding.joint_effect import JointExplanation, part_effects
from bench.explain.hiding.pooled import pooled as effects_of
from bench.explain.hiding.target import Target
from bench.explain.maps.cell import Cells
from bench.explain.maps.joint_mask import JointMasks
from bench.explain.maps.part import Part
from bench.explain.maps.ridge import Pool, fitted
from bench.explain.says import SaidCase, says_against_does
from bench.explain.study.case import ExplainedCase
from bench.explain.study.found import Explained
from bench.explain.study.trace import Trace
from bench.tracing.flip_dose import FlipDose, flip_summaries
from measurements.segment import SEGMENTS
from renderers import LEADS

CELLS = Cells({segment: (slice(10 * at, 10 * at + 10),) for at, segment in enumerate(SEGMENTS)}, {}, 60)


def truth(method="saliency"):
    return tuple(
        Known(
            method,
            kind,
            Estimate(area, area - 0.05, area + 0.05, 40),
            Estimate(0.66, 0.6, 0.7, 40),
            Estimate(0.51, 0.45, 0.57, 40),
            Estimate(area - 0.66, area - 0.7, area - 0.6, 40),
            Estimate(0.55, 0.4, 0.7, 40),
        )
        for kind, area in ((LATE_QRS, 0.92), (ST_SHIFT, 0.83), (NO_P, 0.72))
    )


def rows(reader="resnet1d", methods=("saliency", "grad_cam"), patients=24):
    """Of each method a row: the first is faithful, the others look the same with random weights."""
    known = {one.kind: one.above_null for one in truth()}
    return tuple(
        row(
            reader,
            [
                Figures(
                    method, n, n, "rhythm", "sinus", 0.2, 0.42 + n % 3 / 100, 1.0, 0.3, 0.2, Nulls(0.22, 0.0, 0.1, 0.1),
                    0.04 if number == 0 else 0.5, 0.61, 0.09,
                )
                for n in range(patients)
            ],
            known,
        )
        for number, method in enumerate(methods)
    )  # fmt: skip


def transplanted(n, flips=True, cells=("limb QRS",), same=False):
    return Transplant(
        n, n, "conduction", "rbbb", 900, 0.2, 2.0, {"V1 QRS": -1.0}, cells, -1.0, flips, 901, same, (False,) * 4, 40
    )


def flips():
    """Transplants of one answer, and of all."""
    found = [transplanted(n) for n in range(11)] + [transplanted(11, cells=("V1 QRS", "limb QRS"))]
    found += [transplanted(12, same=True), NoTransplant(13, 13, "conduction", "rbbb", NO_DONOR)]
    return (("conduction rbbb", flips_of(found)), ("all", flips_of(found)))


def doses():
    def flip(n, dose):
        after = "acute" if dose else None
        return FlipDose(
            n, n, "st-inferior", "mV", "ischemia_stage", "up", "none", (0.1, 0.2), dose, after, dose is not None
        )

    return flip_summaries([flip(n, 0.1 if n < 4 else 0.2 if n < 8 else None) for n in range(12)])


def use(concept, found, is_control=False, **figures):
    known = {
        "area": 0.97, "score": Figure(20, 0.9, (0.8, 0.97)), "strength": 0.3, "random": 0.05,
        "control": {} if is_control else {"age": 0.04, "sex": 0.03}, "p_random": 1e-5, "p_control": {}, "p_holm": 1e-4,
    }  # fmt: skip
    return ConceptUse(concept, "conduction", "lafb", is_control, (60, 140), found, "", **(known | figures))


def concepts():
    """Of one answer a concept that it rests on, one that the layer does not hold, and a control that fires."""
    uses = (
        use("left_axis", "for"),
        use("long_pr", "not in this layer", area=0.61, p_holm=None),
        use("age", "for", is_control=True),
        use("sex", "no more than random", is_control=True, p_holm=0.6),
    )
    return ConceptTable("blocks.3", 800, uses)


def says():
    """Of a reader that names the lead whose masking moves the very case."""
    chance = np.random.default_rng(0)
    cases = []
    for n in range(24):
        lead = LEADS[6 + n % 6]
        drops = {one: float(chance.normal(1.0 if one == lead else 0.0, 0.1)) for one in LEADS}
        cases.append(SaidCase(n, n, "conduction rbbb", (lead,), drops))
    return says_against_does([*cases, SaidCase(99, 99, "conduction rbbb", (), dict.fromkeys(LEADS, 0.0))])


def joint(records=7, masks=36):
    """Hard answers that need V1 and the QRS complex."""
    chance = np.random.default_rng(0)
    drawn = [JointMasks.drawn(CELLS, masks, chance) for _ in range(records)]
    names = [part.name for part in drawn[0].parts]
    answers = [(~(one.hidden[:, names.index("V1")] | one.hidden[:, names.index("QRS")])).astype(float) for one in drawn]
    pool = Pool.of([one.hidden for one in drawn], answers, list(range(records)))
    fit = fitted(pool)
    effects, null = part_effects(drawn[0].parts, pool, fit)
    shown = float(np.mean(np.concatenate(answers)))
    return JointExplanation(
        Target("conduction", "rbbb"), "hard", records, records, records * masks, 3, 1.0, shown, fit.penalty,
        fit.explained, null, effects, gain=2.4,
    )  # fmt: skip


def effects():
    part = {name: Part(name, (name,)) for name in LEADS}
    found = [
        Explanation(
            n, "lead", Target("conduction", "rbbb"), "probability", 0.9,
            tuple(Effect(part[lead], 0.4 if lead == "V1" else 0.01 * n) for lead in LEADS), 13,
        )
        for n in range(4)
    ]  # fmt: skip
    return (("conduction rbbb by lead", effects_of(found, range(4))),)


def explained(**beside):
    """Everything of a page that needs no signal."""
    parts = {
        "split": "test",
        "shown": "the signal at 100 Hz",
        "reader_details": {"weights": "0123456789abcdef"},
        "rows": rows(),
        "truth": truth(),
        "flips": flips(),
        "doses": doses(),
        "concepts": concepts(),
        "says": says(),
        "joints": (joint(),),
        "effects": effects(),
        "plan": ("joint_leads: 259 questions about 7 records",),
        "questions": 259,
        "dollars": 1.234,
        "notes": ("record 17: no beat is found",),
    } | beside
    of = {
        "reader": "resnet1d",
        "dataset": "ptb-xl",
        "n": 66,
        "is_simulated": False,
        "data": "PTB-XL",
        "method": "saliency",
        "verdict": "faithful here",
    }
    return Explained(**(of | parts))


def gallery_case(ecg_id, answer="lbbb", confidence=0.9):
    """A case of a left bundle branch block, whose signal and map are flat."""
    nothing = np.zeros((12, 100), dtype=np.float32)
    return ExplainedCase(
        ecg_id, ecg_id, "conduction", "lbbb", answer, answer == "lbbb", 0.9, confidence, "the report's own words",
        answer, lambda: Trace(nothing, 100.0, (), nothing, 100.0),
    )  # fmt: skip
