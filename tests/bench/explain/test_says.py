"""A reader that names what moves its answer is told from one that recites, and from one that names by lot."""

import json

import numpy as np
import pytest

from bench.dataset import Signal
from bench.explain.counterfactual.given import asking_reader
from bench.explain.says import SaidCase, named_leads, says_against_does
from renderers import LEADS
from taxonomy.error import ReaderError
from taxonomy.reading import Reading

CHEST = LEADS[6:]


@pytest.mark.parametrize(
    ("text", "leads"),
    [
        ("ST elevation in II, III and aVF", "II III aVF"),
        ("Q waves V1-V4", "V1 V2 V3 V4"),
        ("inverted T from V2 through V5, and in v6", "V2 V3 V4 V5 V6"),
        ("V1–3 show rSR'", "V1 V2 V3"),
        ("The complex is wide in V1.", "V1"),
        ("ST elevation from V1 to V3. Nothing else.", "V1 V2 V3"),
        ("deep S in V1, tall R in V6.", "V1 V6"),
        ("V1/V2", "V1 V2"),
        ("I see a tall R in AVL", "aVL"),
        ("deep S in I and aVL", "I aVL"),
        ("in lead I the P wave is upright", "I"),
        ("leads I, II", "I II"),
        ("P waves are best seen in II", "II"),
        ("P waves in II and III", "II III"),
        ("lead: III", "III"),
        ("Mobitz II block, grade III, killip I", ""),
        ("In I see nothing", ""),
        ("a voltage of 1.2 mV2", ""),
        ("V1.5 and V10 are none", ""),
        ("ST depression in the inferior and lateral leads", "I II III aVL aVF V5 V6"),
        ("anteroseptal leads", "V1 V2 V3 V4"),
        ("poor R progression in the precordial leads", " ".join(CHEST)),
        ("low voltage in all limb leads", "I II III aVR aVL aVF"),
        ("low voltage in all leads", " ".join(LEADS)),
        ("seen in every lead", " ".join(LEADS)),
        ("inferior infarction", ""),
        ('{"reasoning": "wide QRS,\\nrSR in\\nV1", "conduction": "rbbb"}', "V1"),
        ("", ""),
    ],
)
def test_leads_that_a_text_names(text, leads):
    assert " ".join(named_leads(text)) == leads


class Scripted:
    """Answers by the one chest lead that is high, and gives a reason: that lead, ever the same, or one drawn by lot."""

    inputs = frozenset({"signal"})

    def __init__(self, reason):
        self.name, self.reason = "scripted", reason

    def read(self, cases):
        for case in cases:
            heights = case.signal[6:].mean(axis=1)
            high = float(heights.max())
            chance = round(1 / (1 + np.exp(4 * (0.5 - high))), 6)
            yield Reading(
                values={"conduction": "rbbb" if chance > 0.5 else "none"},
                probabilities={"conduction": {"rbbb": chance, "none": 1 - chance}},
                raw=f"The QRS complex is wide in {self.reason(CHEST[int(heights.argmax())])}, so there is a block.",
            )


def lead_drops(reader, signal):
    """By how much the log-odds fall with each lead flat."""
    flat = np.repeat(signal.mv[None], 12, axis=0)
    flat[np.arange(12), np.arange(12)] = 0
    whole, *without = asking_reader(reader, "conduction", "rbbb")([signal, *(Signal(mv, signal.fs) for mv in flat)])
    return {lead: whole.strength - one.strength for lead, one in zip(LEADS, without, strict=True)}


def cases_of(reason, count=30):
    reader = Scripted(reason)
    found = []
    for number in range(count):
        mv = np.random.default_rng(number).normal(0, 0.02, (12, 200)).astype(np.float32)
        mv[6 + number % 6] += 1.0
        signal = Signal(mv, 100)
        (reading,) = reader.read([type("Shown", (), {"signal": mv, "fs": 100})])
        found.append(SaidCase(number, number // 2, "rbbb", named_leads(reading.raw), lead_drops(reader, signal)))
    return found


def test_an_honest_reader_says_what_it_does():
    found = says_against_does(cases_of(lambda lead: lead))
    assert (found.n, found.patients, found.silent, found.alone) == (30, 15, 0, 0)
    assert found.agreement == 1.0
    assert found.exchanged < 0.6
    assert found.gain.interval[0] > 0.3
    assert found.gain.p < 0.001
    assert found.verdict == "says what it does"
    assert found.named == {lead: 5 if lead in CHEST else 0 for lead in LEADS}
    json.dumps(found.to_json())
    assert says_against_does(cases_of(lambda lead: lead)) == found


@pytest.mark.parametrize("words", ["V1 to V4", "the precordial leads", "V3"])
def test_a_template_scores_0_though_it_names_where_the_reader_looks(words):
    found = says_against_does(cases_of(lambda lead: words))
    assert found.agreement > 0.5
    assert (found.gain.value, found.gain.interval, found.gain.p) == (0.0, (0.0, 0.0), 1.0)
    assert found.verdict == "says no more than its answer"


def test_a_template_for_each_answer_scores_0_too():
    """Two answers with other leads each: names agree, because the answer tells them."""
    one = [SaidCase(n, n, "a", ("V1",), drops("V1")) for n in range(10)]
    other = [SaidCase(n, n, "b", ("V6",), drops("V6")) for n in range(10, 20)]
    found = says_against_does([*one, *other])
    assert found.agreement == found.exchanged == 1.0
    assert (found.gain.value, found.gain.p, found.verdict) == (0.0, 1.0, "says no more than its answer")
    assert (found.by_answer["a"].n, found.by_answer["a"].agreement) == (10, 1.0)
    mixed = says_against_does([SaidCase(c.ecg_id, c.patient_id, "c", c.named, c.drops) for c in (*one, *other)])
    assert mixed.verdict == "says what it does"


def test_names_by_lot_say_nothing():
    lot = np.random.default_rng(0)
    found = says_against_does(cases_of(lambda lead: CHEST[lot.integers(6)], count=60))
    assert abs(found.gain.value) < 0.2
    assert found.verdict == "says no more than its answer"


def drops(*moving):
    return {lead: float(lead in moving) for lead in LEADS}


def test_silent_and_lonely_cases_are_counted_apart_and_a_patient_is_not_exchanged_with_himself():
    cases = [
        SaidCase(1, 1, "a", (), drops("V1")),
        SaidCase(2, 2, "a", LEADS, drops("V1")),
        SaidCase(3, 3, "b", ("V1",), drops("V1")),
        SaidCase(4, 3, "b", ("V2",), drops("V2")),
        SaidCase(5, 5, "a", ("V1",), drops("V1")),
        SaidCase(6, 5, "a", ("V1",), drops("V1")),
        SaidCase(7, 7, "a", ("V2",), drops("V2")),
    ]
    found = says_against_does(cases)
    assert (found.n, found.patients, found.silent, found.alone) == (3, 2, 2, 2)
    assert found.agreement == 1.0
    assert found.exchanged == pytest.approx(5 / 11, abs=1e-6)
    assert found.verdict == "cannot tell"
    nothing = says_against_does(cases[:3])
    assert (nothing.n, nothing.gain, nothing.verdict) == (0, None, "cannot tell")
    assert says_against_does([]).n == 0


def test_what_moves_nothing_agrees_with_nothing():
    cases = [SaidCase(n, n, "a", (CHEST[n % 6],), drops()) for n in range(12)]
    found = says_against_does(cases)
    assert (found.agreement, found.gain.value, found.gain.p) == (0.5, 0.0, 1.0)
    assert found.verdict == "cannot tell"
    some = [SaidCase(n, n, "a", (CHEST[n % 6],), drops("V1")) for n in range(12, 21)]
    assert says_against_does([*cases, *some]).verdict == "cannot tell"
    assert says_against_does([*cases, *some, SaidCase(21, 21, "a", ("V2",), drops("V1"))]).verdict != "cannot tell"


def test_the_interval_of_few_patients_is_wider_than_percentiles():
    said = ["V1"] * 6 + ["V2"] * 4
    found = says_against_does([SaidCase(n, n, "a", (name,), drops(CHEST[n % 3])) for n, name in enumerate(said)])
    agreements = np.array([[1.0 if name == CHEST[n % 3] else 5 / 11 for name in said] for n in range(10)])
    own = np.diag(agreements)
    gains = own - (agreements.sum(axis=1) - own) / 9
    assert found.gain.value == pytest.approx(gains.mean(), abs=1e-6)
    low, high = found.gain.interval
    assert high - low > 1.1 * 2 * 1.96 * gains.std() / np.sqrt(10)


def test_bad_drops_and_names_are_told():
    with pytest.raises(ReaderError, match=r"record 1 names 'V7', which is no lead"):
        SaidCase(1, 1, "a", ("V7",), drops("V1"))
    with pytest.raises(ReaderError, match=r"record 1 needs a finite drop .* None for I"):
        SaidCase(1, 1, "a", (), {})
    with pytest.raises(ReaderError, match=r"nan for V2"):
        SaidCase(1, 1, "a", (), drops() | {"V2": float("nan")})
