"""Agreement of two readers with each other: Cohen's kappa as others compute it, whatever is true."""

import numpy as np
import pytest

from bench.score import ScoredCase
from bench.score.comparison import Answers, compared
from bench.score.reader_agreement import agreement
from taxonomy.reading import Reading
from taxonomy.truth import Truth

RHYTHMS = ("sinus", "atrial_fibrillation", "paced")


def cases(answers, truth="sinus", patients=None):
    return [
        ScoredCase(k, patients[k] if patients else k, None, None, Truth({"rhythm": truth}), Reading(values=one))
        for k, one in enumerate(answers)
    ]


def said(seed, n=120, share=0.7):
    """Two readers' rhythms: the second says what the first does in a share of the cases."""
    rng = np.random.default_rng(seed)
    first = [str(rng.choice(RHYTHMS)) for _ in range(n)]
    return first, [one if rng.random() < share else str(rng.choice(RHYTHMS)) for one in first]


def on(found, axis="rhythm"):
    return next(one for one in found if one.axis == axis)


@pytest.mark.parametrize("truth", ["sinus", None])
def test_kappa_is_cohens_and_does_not_depend_on_the_truth(truth):
    metrics = pytest.importorskip("sklearn.metrics")
    first, second = said(1)
    pairs = list(zip(*(cases([{"rhythm": one} for one in side], truth) for side in (first, second)), strict=True))
    found = on(agreement(pairs, 2000))
    assert found.kappa == pytest.approx(metrics.cohen_kappa_score(first, second), abs=1e-6)
    assert found.same == pytest.approx(np.mean([a == b for a, b in zip(first, second, strict=True)]), abs=1e-6)
    low, high = found.interval
    assert low < found.kappa < high and high - low == pytest.approx(4 * 0.062, rel=0.3)


def test_cannot_tell_is_left_out_and_counted():
    first, second = said(2)
    answers = [{"rhythm": one} for one in first]
    answers[:7] = [{"rhythm": None}] * 5 + [{}] * 2
    found = on(agreement(list(zip(cases(answers), cases([{"rhythm": one} for one in second]), strict=True)), 50))
    assert (found.n, found.left_out) == (113, 7)


def test_two_who_always_say_the_same_one_thing_have_no_kappa():
    same = cases([{"rhythm": "sinus"}] * 30)
    found = on(agreement(list(zip(same, same, strict=True)), 50))
    assert (found.same, found.kappa, found.interval) == (1.0, None, None)


def test_perfect_agreement_of_few_has_an_interval_below_one():
    both = cases([{"rhythm": one} for one in said(3, n=12)[0]])
    found = on(agreement(list(zip(both, both, strict=True)), 200))
    assert found.kappa == 1.0 and found.interval[1] == 1.0 and 0.4 < found.interval[0] < 0.8


def test_findings_are_compared_one_by_one_where_they_are_named_in_ten_cases():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(4)
    first = [frozenset({"lvh"} if rng.random() < 0.4 else ()) for _ in range(100)]
    second = [one if rng.random() < 0.8 else frozenset({"lvh"}) ^ one for one in first]
    first[0] |= {"long_qt"}  # once: too few to say anything of
    sides = (cases([{"other_findings": one} for one in side]) for side in (first, second))
    found = on(agreement(list(zip(*sides, strict=True)), 50), "other_findings")
    expected = metrics.cohen_kappa_score(["lvh" in one for one in first], ["lvh" in one for one in second])
    assert found.kappa == pytest.approx(expected, abs=1e-6)


def test_patients_are_resampled_whole():
    first, second = said(5)
    answers = [[{"rhythm": one} for one in side] for side in (first, second)]
    alone = agreement(list(zip(*map(cases, answers), strict=True)), 2000)
    thrice = [[one for one in side for _ in range(3)] for side in answers]
    patients = [k // 3 for k in range(360)]
    copied = agreement(list(zip(*(cases(side, patients=patients) for side in thrice), strict=True)), 2000)
    assert on(copied).kappa == on(alone).kappa
    assert np.diff(on(copied).interval) == pytest.approx(np.diff(on(alone).interval), rel=0.1)


def test_it_is_told_of_two_people_and_of_others_where_it_is_asked():
    readers = [
        Answers.of(name, cases([{"rhythm": one} for one in side]), is_person=name.startswith("human:"))
        for name, side in zip(("human:ann", "human:ben"), said(6), strict=True)
    ]
    model = Answers.of("model", cases([{"rhythm": "sinus"}] * 120))
    found = {(pair.first, pair.second): bool(pair.agreement) for pair in compared([*readers, model], draws=50)}
    assert found == {
        ("human:ann", "human:ben"): True, ("human:ann", "model"): False, ("human:ben", "model"): False,
    }  # fmt: skip
    assert all(pair.agreement for pair in compared([*readers, model], draws=50, agree=True))
