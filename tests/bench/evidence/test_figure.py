"""Figures of the evidence by hand: shares, differences, ratios, kappas, what blanked leads take away."""

from dataclasses import replace

import numpy as np
import pytest

from bench.evidence import verdict as words
from bench.evidence.answer import AskedCase, ConditionReadings, Source, answered, asked_case, is_right, numbers_under
from bench.evidence.axis_evidence import Ceilings, axis_evidence, known_of
from bench.evidence.figure import (
    Figure,
    accuracy,
    corrected,
    difference,
    median_figure,
    missing,
    patients_of,
    ratio_of,
    right,
    share_figure,
)
from bench.evidence.knowledge import AxisTests, Jittered, Setting, ShuffleTest, axis_tests
from bench.evidence.lead_loss import lead_loss
from bench.evidence.published import claims, image_sensitivity, reliance
from bench.evidence.result import Evidence
from bench.evidence.verdict import Known, reasons, verdict
from bench.score.kappa import knowable_kappa
from bench.score.proportion import tango
from taxonomy.axis import AXES, NORMALITY, RHYTHM
from taxonomy.reading import Failure, Reading
from taxonomy.truth import Truth

from .asked import PRIOR, asked, truth_of

EMPTY = dict.fromkeys(axis.name for axis in AXES)
REFUSED = Reading(error=Failure("refusal", "no"))


def said(value, **more):
    return Reading(values={} if value is None else {"rhythm": value}, **more)


def source(number, true):
    return Source(number, f"of {number}", 1, Truth(EMPTY | {"rhythm": true}))


def case(number, true, numbers=None, masked=(), **answers):
    readings = {name.replace("_", "-"): one if isinstance(one, Reading) else said(one) for name, one in answers.items()}
    return AskedCase(source(number, true), readings, {"crossed": numbers} if numbers else {}, masked)


def evidence(cases, *names, image=None, text=None, measures=()):
    serves = {name: name for name in ("full", *names)}
    setting = Setting(frozenset({"image", "text"}), serves, PRIOR, frozenset(measures))
    nothing = {one.own.ecg_id: {} for one in cases}
    (found,) = axis_evidence(cases, [RHYTHM], setting, Ceilings(text or nothing, image or {}))
    return found


def test_a_share_and_its_number():
    figure = share_figure(range(8), np.array([1.0, 1, 1, 0, 0, 0, 0, 0]))
    assert (figure.n, figure.value, figure.p) == (8, 0.375, None)
    assert 0 <= figure.interval[0] < 0.375 < figure.interval[1] < 1
    assert share_figure([], np.zeros(0)) is None
    one = share_figure(["a"] * 4, np.array([1.0, 0, 0, 0]))
    assert one.interval == (0.25, 0.25), "one patient is no more than one draw"


def test_a_difference_and_its_number():
    first, second = np.array([1.0, 1, 1, 0, 1]), np.array([0.0, 0, 1, 1, 1])
    figure = difference(list(range(5)), first, second)
    assert (figure.n, figure.value, figure.p) == (5, 0.2, 1)
    assert figure.interval == tango(2, 1, 5)
    assert difference([], np.zeros(0), np.zeros(0)) is None


def test_twenty_discordant_pairs_take_a_bootstrap():
    def at(wins, losses, n=60):
        first = np.array([1.0] * wins + [0.0] * (n - wins))
        second = np.array([0.0] * wins + [1.0] * losses + [0.0] * (n - wins - losses))
        return difference(list(range(n)), first, second)

    assert at(12, 7).interval == tango(12, 7, 60)
    assert at(12, 8).interval != tango(12, 8, 60)
    assert at(12, 8).value == pytest.approx(4 / 60, abs=1e-6)
    assert at(30, 0, 30).interval == tango(30, 0, 30), "all alike vary in no resample"
    assert at(0, 30, 30).interval == tango(0, 30, 30)


def test_a_ratio_needs_a_denominator_that_is_not_0():
    denominator = np.array([1.0] * 20 + [0.0] * 20)
    figure = ratio_of(list(range(40)), denominator / 2, denominator)
    assert (figure.n, figure.value, figure.interval) == (40, 0.5, (0.5, 0.5))
    assert ratio_of(list(range(40)), denominator, np.zeros(40)) is None
    assert ratio_of(list(range(40)), denominator, -denominator) is None
    few = np.array([1.0] + [0.0] * 39)
    assert ratio_of(list(range(40)), few, few) is None, "a third of the resamples lack the one"
    assert ratio_of(list(range(3)), np.ones(3), np.array([2.0, 2, 4])).value == 0.375
    assert ratio_of(["a"], np.array([0.5]), np.array([1.0])).value == 0.5


def test_the_median_figure_is_one_of_them():
    figures = [Figure(1, value, None) for value in (0.9, 0.1, 0.5)]
    assert median_figure([None, *figures]) == figures[2]
    assert median_figure([None]) is None


def test_a_correction_leaves_out_what_has_no_p():
    plain = Figure(3, 0.1, None)
    found = corrected([replace(plain, p=0.01), None, plain, replace(plain, p=0.04)])
    assert [one and one.p_holm for one in found] == [0.02, None, None, 0.04]
    assert found[2] == plain


def test_answers_are_held_against_the_record_that_is_meant():
    other = source(9, "paced")
    one = case(1, "sinus", numbers=other, full="sinus", crossed="paced")
    assert is_right(one, "rhythm", "full") and not is_right(one, "rhythm", "crossed")
    assert is_right(one, "rhythm", "crossed", numbers_under("crossed"))
    assert not is_right(one, "rhythm", "crossed", numbers_under("crossed-2")), "nobody's numbers are right of nobody"
    assert patients_of([one, one]) == ["of 1", "of 1"]
    assert right([one], "rhythm", "crossed", numbers_under("crossed")).tolist() == [1]
    assert accuracy((one,), "rhythm", "crossed", numbers_under("crossed")).value == 1
    assert accuracy((one,), "rhythm", "text-only") is None


def test_answers_are_those_of_the_condition():
    one = case(1, "sinus", full="sinus", crossed=None, nothing=REFUSED)
    assert [one.answer(name, "rhythm") for name in ("full", "crossed", "nothing")] == ["sinus", None, None]
    assert missing([one], "rhythm", "full").tolist() == [0] and missing([one], "rhythm", "nothing").tolist() == [1]
    diagnosed = case(1, "sinus", full=Reading(values={"diagnosis": "IMI"}))
    assert diagnosed.answer("full", NORMALITY.name) == "abnormal"


def test_cases_without_a_truth_or_an_answer_are_not_counted():
    cases = (case(1, "sinus", full="sinus"), case(2, None, full="sinus"), case(3, "sinus", crossed="sinus"))
    assert [one.own.ecg_id for one in answered(cases, "rhythm", ("full",))] == [1]
    assert answered(cases, "rhythm", ("full", "crossed")) == ()
    assert answered(cases, "rhythm", ("full",), numbers_under("crossed")) == ()


def test_a_record_takes_the_answers_that_serve_it(population):
    record = population.record(0)
    truth = population.truth(record)
    failed = Reading(error=Failure("transport", "no connection"))
    other = source(5, "paced")
    told = {
        "full": ConditionReadings({0: said("sinus"), 1: said("paced")}),
        "crossed": ConditionReadings({0: said("paced")}, {0: other}),
        "lead-mask": ConditionReadings({0: failed}, masked={0: ("V1",), 1: ("V2",)}),
    }
    serves = {"full": "full", "no-rate": "full", "crossed": "crossed", "lead-mask": "lead-mask", "text-only": None}
    one = asked_case(record, truth, told, serves)
    assert one.own == source_like(one, record, truth)
    assert {name: reading.values["rhythm"] for name, reading in one.readings.items()} == {
        "full": "sinus",
        "no-rate": "sinus",
        "crossed": "paced",
    }
    assert one.numbers == {"crossed": other}
    assert one.masked == ("V1",)
    assert asked_case(record, truth, {"full": told["full"]}, {"full": "full"}).masked == ()


def source_like(one, record, truth):
    assert (one.own.ecg_id, one.own.patient_id, one.own.fold) == (record.ecg_id, record.patient_id, record.fold)
    assert one.own.truth is truth
    return one.own


KAPPA = [("sinus", "sinus")] * 20 + [("sinus", "paced")] * 5 + [("paced", "sinus")] * 10 + [("paced", "paced")] * 15


def test_the_evidence_on_an_axis_by_hand():
    """Cohen's own table: 35 of 50 agree, by chance 25 would."""
    cases = [
        case(k, true, full=answer, blank_image="sinus", crossed="sinus", numbers=source(99, "paced"))
        for k, (true, answer) in enumerate(KAPPA)
    ]
    found = evidence(cases, "blank-image", "crossed")
    assert (found.axis, found.n, found.answered, found.prior) == ("rhythm", 50, 1, 0.5)
    assert (found.kappa.n, found.kappa.value) == (50, 0.4)
    assert found.kappa.interval[0] < 0.4 < found.kappa.interval[1] < 0.7
    assert found.knowable == knowable_kappa(50, 25, 1)
    assert {name: figure.value for name, figure in found.accuracies.items()} == {
        "full": 0.7,
        "blank-image": 0.5,
        "crossed": 0.5,
    }
    assert (found.gain.n, found.gain.value) == (50, 0.2)
    assert found.crossed_numbers.value == 0
    assert (found.text_ceiling, found.image_ceiling, found.recoverable) == (0, None, None)
    assert not found.by_construction
    assert found.verdict == "cannot tell (n = 50, kappa 0.25 would show)"


def test_the_recoverable_share_is_of_what_the_trace_adds():
    """Right in 30 of 40; numbers alone in 20, the same image in 40."""
    cases = [case(k, "paced", full="paced" if k < 30 else "sinus") for k in range(40)]
    text = {k: {"rhythm": "paced" if k < 20 else None} for k in range(40)}
    image = {k: {"rhythm": "paced"} for k in range(40)}
    found = evidence(cases, text=text, image=image)
    assert (found.text_ceiling, found.image_ceiling, found.recoverable.value) == (0.5, 1, 0.5)
    assert found.recoverable.interval[0] < 0.5 < found.recoverable.interval[1]
    assert evidence(cases, text=text, image=text).recoverable is None


def test_an_axis_without_a_case_has_no_figure():
    found = evidence([case(k, None, full="sinus") for k in range(3)], image={k: {} for k in range(3)})
    assert (found.n, found.verdict, found.kappa, found.knowable) == (0, "no case", None, None)
    assert (found.answered, found.prior, found.text_ceiling, found.image_ceiling) == (None, None, None, None)
    assert (found.gain, found.recoverable, found.accuracies) == (None, None, {})


def test_an_axis_made_of_the_measurement_is_told():
    cases = [case(k, "paced", full="paced") for k in range(4)]
    measured = Truth(cases[0].own.truth.values, circular=frozenset({"rhythm"}))
    cases[0] = replace(cases[0], own=replace(cases[0].own, truth=measured))
    assert evidence(cases, measures=("rhythm",)).by_construction
    assert not evidence(cases).by_construction
    assert not evidence(cases[1:], measures=("rhythm",)).by_construction


def test_what_could_be_shown_is_over_the_tested_axes():
    cases = tuple(case(k, "paced" if k < 20 else "sinus", full=None if k % 4 == 0 else "sinus") for k in range(60))
    test = ShuffleTest("full", 60, 0, 1.0, 20, 1.0)
    known = known_of(RHYTHM, cases, AxisTests(knows=test), 7)
    assert (known.n, known.answered, known.kappa.value) == (60, 0.75, pytest.approx(evidence(cases).kappa.value))
    assert known.knowable == knowable_kappa(60, 20, 7) != knowable_kappa(60, 20, 1)
    assert known_of(RHYTHM, (), AxisTests(), 7) == Known(0, None, None, None)


def test_lead_losses_are_corrected_over_the_axes():
    cases = [
        case(k, "paced", full="paced", lead_mask="sinus" if k % 2 else "paced", masked=("V1",) if k % 2 else ("V5",))
        for k in range(40)
    ]
    alone = evidence(cases, "lead-mask").lead_loss
    assert (alone.n_most, alone.n_few, alone.loss_most, alone.loss_few) == (20, 20, 1, 0)
    assert alone.p_holm == alone.p < 0.001
    serves = {"full": "full", "lead-mask": "lead-mask"}
    setting = Setting(frozenset({"image"}), serves, PRIOR)
    both = axis_evidence(cases, [RHYTHM, RHYTHM], setting, Ceilings({k: {} for k in range(40)}, {}))
    assert [one.lead_loss.p_holm for one in both] == pytest.approx([2 * alone.p] * 2)


@pytest.mark.parametrize(("masked", "most"), [(("II", "V1"), True), (("II",), True), (("V2", "V5"), False)])
def test_half_of_the_carrying_leads_are_most(masked, most):
    cases = tuple(
        case(k, "paced", full="paced", lead_mask="paced", masked=masked if k == 0 else ("V2",) if most else ("V1",))
        for k in range(4)
    )
    found = lead_loss(cases, "rhythm")
    assert (found.n_most, found.n_few) == ((1, 3) if most else (3, 1))
    assert found.p == 1, "nothing is lost anywhere"


def test_one_of_three_carrying_leads_is_not_most():
    truth = Truth(EMPTY | {"conduction": "lbbb"})
    reading = Reading(values={"conduction": "lbbb"})
    cases = tuple(
        AskedCase(Source(k, k, 1, truth), {"full": reading, "lead-mask": reading}, masked=masked)
        for k, masked in enumerate([("I", "II"), ("V1", "V2"), ("I", "V6"), ("I", "V1", "V6")])
    )
    found = lead_loss(cases, "conduction")
    assert (found.n_most, found.n_few) == (2, 2)


def test_nothing_is_said_of_leads_where_a_group_is_empty():
    full = tuple(case(k, "paced", full="paced", lead_mask="sinus", masked=("V1",)) for k in range(4))
    none = tuple(case(k, "paced", full="paced", lead_mask="sinus", masked=("V5",)) for k in range(4))
    assert lead_loss(full, "rhythm") is None and lead_loss(none, "rhythm") is None
    assert lead_loss((), "rhythm") is None
    assert lead_loss((full[0], none[1]), "rhythm").n_most == 1
    assert lead_loss((full[0], none[1]), "rate") is None


def test_the_stage_of_ischemia_is_seen_where_its_territory_is():
    truth = Truth(EMPTY | {"ischemia_stage": "acute", "ischemia_territory": "inferior"})
    right_, wrong = (Reading(values={"ischemia_stage": stage}) for stage in ("acute", "none"))
    cases = tuple(
        AskedCase(
            Source(k, k, 1, truth),
            {"full": right_, "lead-mask": wrong if k < 2 else right_},
            masked=("II", "aVF") if k < 3 else ("V1",),
        )
        for k in range(6)
    )
    found = lead_loss(cases, "ischemia_stage")
    assert (found.n_most, found.n_few, found.loss_most, found.loss_few) == (3, 3, pytest.approx(2 / 3, abs=1e-6), 0)
    assert found.p == pytest.approx(3 / 15, abs=0.02), "the two losses fall among the three in 3 of 15 lots"


def test_reliance_and_sensitivity_by_hand():
    """The numbers of record 1 are shown beside the image of record 2, and so on around."""
    truths = {1: "sinus", 2: "paced", 3: "sinus", 4: None}
    answers = {1: ("sinus", "paced"), 2: ("paced", "paced"), 3: ("paced", "paced"), 4: ("sinus", "sinus")}
    cases = tuple(
        case(k, truths[k], numbers=source(k % 4 + 1, truths[k % 4 + 1]), full=answers[k][0], crossed=answers[k][1])
        for k in truths
    )
    # In full 1 and 2 are right, 3 is wrong. Their numbers are seen again with 4, 1 and 2, answered sinus, paced, paced.
    score = reliance(cases, "rhythm", "crossed")
    assert (score.n, score.value) == (3, 0)
    moved = image_sensitivity(cases, "rhythm", "crossed")
    assert (moved.n, moved.value) == (4, 0.25), "4 is told sinus in full, paced with the image of 3"
    lost = (cases[0], replace(cases[1], readings={"full": said("paced")}), *cases[2:])
    assert reliance(lost, "rhythm", "crossed").n == 2, "nobody shows the numbers of 3 any more"
    assert reliance(cases, "rhythm", "crossed-2") is None
    late = tuple(replace(one, readings={"crossed": one.readings["crossed"]}) for one in cases)
    assert image_sensitivity(late, "rhythm", "crossed") is None


def test_claims_need_words_and_an_answer_that_does_not_move():
    def told(k, full, without, raw):
        return case(k, "sinus", full=full, text_only=said(without, raw=raw))

    cases = (
        told(1, "sinus", "sinus", "P waves are absent"),
        told(2, "sinus", "sinus", "a guess"),
        told(3, "sinus", "paced", "leads V1"),
        told(4, "sinus", "sinus", None),
        case(5, "sinus", full="sinus"),
        case(6, "sinus", text_only=said("sinus", raw="P waves")),
    )
    found = claims(cases, "rhythm", "text-only")
    assert (found.n, found.value) == (2, 0.5)
    assert claims(cases[2:], "rhythm", "text-only") is None


def of_rhythm(cases, names, inputs=("image", "text")):
    serves = {name: name for name in names}
    return axis_tests([RHYTHM], tuple(cases), Setting(frozenset(inputs), serves, PRIOR))[0]


def test_what_jitter_takes_away_by_hand():
    cases = [case(k, "paced", full="paced", jittered="sinus" if k < 8 else "paced") for k in range(10)]
    cases += [case(k, "sinus", full="sinus", jittered="sinus") for k in range(10, 20)]
    cases += [case(20, "paced", full="paced"), case(21, None, full="paced", jittered="paced")]
    found = of_rhythm(cases, ("full", "jittered")).jittered
    assert (found.s_full, found.s_jittered, found.loss.n, found.loss.value) == (10, 2, 20, 0.4)
    assert found.loss.p == found.loss.p_holm == pytest.approx(2 / 2**8, abs=1e-6)
    assert of_rhythm(cases, ("full",)).jittered is None
    assert of_rhythm([case(1, None, full="sinus", jittered="sinus")], ("full", "jittered")).jittered is None
    assert of_rhythm(cases, ("full", "jittered"), inputs=("text",)).jittered is None


@pytest.mark.parametrize(
    ("full", "jittered", "value", "p", "is_lost"),
    [
        (10, 4, 0.3, 0.01, True),
        (10, 5, 0.3, 0.01, False),  # half of it is not more than half
        (10, 4, 0.3, 0.05, False),
        (10, 4, 0.0, 0.01, False),
        (10, 4, 0.3, None, False),
    ],
)
def test_what_is_looked_up_is_lost_by_more_than_half(full, jittered, value, p, is_lost):
    loss = Figure(60, value, None, p, p)
    found = [one.finding for one in reasons(AxisTests(jittered=Jittered(loss, full, jittered)))]
    assert found == ([words.ELSEWHERE] if is_lost else [])


def test_refusals_are_counted_labelled_or_not():
    cases = [case(k, "sinus" if k % 2 else None, full="sinus", crossed=None if k < 6 else "sinus") for k in range(10)]
    cases += [case(10, "sinus", full="sinus"), case(11, "sinus", full=None, crossed="sinus")]
    found = of_rhythm(cases, ("full", "crossed")).refusal
    assert (found.n, found.value) == (11, pytest.approx(5 / 11, abs=1e-6))
    assert of_rhythm(cases, ("full", "crossed"), inputs=("text",)).refusal is None


def test_one_condition_that_serves_several_is_tested_once():
    cases, setting = asked(lambda image, numbers, condition: truth_of(image), inputs=frozenset({"image"}))
    calls = []

    def counting(*told):
        calls.append(told)
        return setting.associate(*told)

    (found,) = axis_tests([RHYTHM], cases, replace(setting, associate=counting))
    assert found.knows == found.reads
    assert len(calls) == len(set(setting.serves.values()) & {"full", "nothing", "blank-image"})


def test_what_cannot_be_shown_of_a_reader_is_not_tested():
    text, image, stored = (
        axis_tests([RHYTHM], *asked(lambda image, numbers, condition: truth_of(numbers), inputs=frozenset({kind})))[0]
        for kind in ("text", "image", "statements")
    )
    assert None not in (text.knows, text.infers, text.follows_numbers, text.elsewhere)
    assert (text.reads, text.follows_trace, text.jittered, text.refusal) == (None,) * 4
    assert None not in (image.knows, image.reads, image.elsewhere, image.jittered)
    assert (image.infers, image.follows_trace, image.follows_numbers, image.refusal) == (None,) * 4
    assert {name for name, found in vars(stored).items() if found is not None} == {"knows"}


SHOWN = ShuffleTest("full", 64, 9, 0.0, 20, 0.0, p_holm=0.0, names_p_holm=0.0)
HIDDEN = replace(SHOWN, p_holm=0.05, names_p_holm=0.05)


@pytest.mark.parametrize(
    ("tests", "said_"),
    [
        (AxisTests(knows=SHOWN), [words.KNOWS]),
        (AxisTests(knows=HIDDEN), []),
        (AxisTests(knows=SHOWN, reads=HIDDEN), []),
        (AxisTests(knows=SHOWN, infers=HIDDEN), []),
        (AxisTests(knows=SHOWN, elsewhere=HIDDEN), []),
        (AxisTests(reads=replace(SHOWN, names_p_holm=0.05)), [words.READS]),
        (AxisTests(reads=replace(SHOWN, names_p_holm=None)), [words.READS]),
        (AxisTests(reads=replace(SHOWN, p_holm=0.05)), []),
        (AxisTests(follows_trace=SHOWN, follows_numbers=HIDDEN), [words.TRACE]),
        (AxisTests(follows_trace=HIDDEN, follows_numbers=SHOWN), [words.NUMBERS]),
        (AxisTests(follows_trace=SHOWN, follows_numbers=SHOWN), [words.BOTH]),
        (AxisTests(reads=SHOWN, elsewhere=SHOWN), [words.ELSEWHERE]),
        (AxisTests(refusal=Figure(60, 0.3, None)), []),
    ],
)
def test_what_the_tests_say(tests, said_):
    assert [one.finding for one in reasons(tests)] == said_


def test_two_tests_give_the_larger_p():
    (both,) = reasons(AxisTests(follows_trace=replace(SHOWN, p_holm=0.01), follows_numbers=replace(SHOWN, p_holm=0.03)))
    assert (both.p_holm, both.n, both.condition) == (0.03, 64, "full")
    (named,) = reasons(AxisTests(reads=replace(SHOWN, p_holm=0.01, names_p_holm=0.04)))
    assert named.p_holm == 0.04
    (refusing,) = reasons(AxisTests(refusal=Figure(60, 0.3, (0.2, 0.4))))
    assert (refusing.condition, refusing.n, refusing.interval, refusing.p_holm) == ("crossed", 60, (0.2, 0.4), None)
    jittered = Jittered(Figure(50, 0.5, None, 0.01, 0.02), 20, 2)
    (lost,) = reasons(AxisTests(jittered=jittered))
    assert (lost.condition, lost.n, lost.p_holm) == ("jittered", 50, 0.02)


@pytest.mark.parametrize(
    ("change", "said_"),
    [
        ({"answered": 0.5}, words.PRIOR),
        ({"answered": 0.49}, words.SILENT),
        ({"answered": None}, words.PRIOR),
        ({"kappa": Figure(64, 0.0, (-0.1, 0.1))}, "cannot tell (n = 64, kappa 0.21 would show)"),
        ({"kappa": Figure(64, 0.0, (-0.1, 0.099))}, words.PRIOR),
        ({"kappa": Figure(64, 0.0, None)}, "cannot tell (n = 64, kappa 0.21 would show)"),
        ({"kappa": None}, "cannot tell (n = 64, kappa 0.21 would show)"),
        ({"knowable": None}, "cannot tell (n = 64, too few to show anything)"),
    ],
)
def test_bounds_of_the_verdicts_without_a_finding(change, said_):
    assert verdict((), replace(Known(64, 1.0, Figure(64, 0.0, (-0.05, 0.05)), 0.21), **change)) == said_


def test_the_evidence_is_summed_up_and_tabled():
    cases = [case(k, true, full=answer, image_only=answer) for k, (true, answer) in enumerate(KAPPA)]
    one = evidence(cases, "image-only")
    silent = evidence([case(k, "paced", full=None) for k in range(50)])
    found = Evidence("r", "phantoms", "test", "credit", True, (one, silent, silent), 50, ("all",), {"full": "full"})
    assert repr(found) == ("<Evidence on r: n = 50, gives no answer on 2, can read it on 1 of 3 axes>")
    assert found.to_json().keys() >= {"reader", "axes", "cases", "caveats", "conditions", "is_simulated", "run_id"}
    assert not {"dataset", "split", "data"} & found.to_json().keys()
    frame = found.to_frame()
    assert frame["n"].tolist() == [50, 50, 50] and frame["full"].tolist() == [0.7, 0, 0]
    assert frame["kappa"].tolist()[0] == 0.4 and frame["verdict"].tolist()[1] == words.SILENT
    assert "image-only" not in found._repr_html_() and "can read it" in found._repr_html_()
