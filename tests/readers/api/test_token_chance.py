"""Probabilities from logprobs, against models whose distribution over values and whose tokens are known."""

import json
import math
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from readers.api.token_chance import (
    NO_PROBABILITIES,
    NOT_SENT,
    NOT_SPELLED,
    NOT_WRITTEN,
    TOLD_FROM,
    SpelledToken,
    spelled_tokens,
    value_chances,
)
from taxonomy.axis import axis_named
from taxonomy.parsing import parse
from taxonomy.target import BINARY, DENSE, DENSE_NO_REASONING, FLAT, SPARSE
from taxonomy.writing import written

AXES = ("rate", "rhythm", "axis", "conduction", "ischemia_stage", "ischemia_territory", "diagnosis")
NORMAL = {name: frozenset() if axis_named(name).is_set else axis_named(name).values[0] for name in DENSE.axes}


class Model:
    """A model that writes one of several texts, each with its probability, in the tokens of one tokenizer."""

    def __init__(self, texts, tokenize):
        self.paths = {text: (tokenize(text), chance) for text, chance in texts.items()}

    def logprobs(self, text, top=None):
        """Return what a server tells of an answer: at each token, those that could stand there."""
        chosen, _ = self.paths[text]
        content = []
        for number, token in enumerate(chosen):
            here = [(path, chance) for path, chance in self.paths.values() if path[:number] == chosen[:number]]
            total = math.fsum(chance for _, chance in here)
            chances = {}
            for path, chance in here:
                if len(path) > number:
                    chances[path[number]] = chances.get(path[number], 0.0) + chance / total
            ranked = sorted(chances.items(), key=lambda one: -one[1])[:top]
            others = [
                {"token": other, "logprob": math.log(chance), "bytes": [*other.encode()]} for other, chance in ranked
            ]
            content.append({"token": token, "logprob": math.log(chances[token]), "top_logprobs": others})
        return {"content": content}


def greedy(vocabulary):
    """Return a tokenizer that takes the longest token that fits, else one character."""
    longest = max(map(len, vocabulary), default=1)

    def tokenize(text):
        tokens, at = [], 0
        while at < len(text):
            size = next((n for n in range(longest, 1, -1) if text[at : at + n] in vocabulary), 1)
            tokens.append(text[at : at + size])
            at += size
        return tokens

    return tokenize


def answers_on(axis, chances, form=DENSE_NO_REASONING, reasoning=None):
    """Return the text of an answer with each value of an axis, the others held, with its probability."""
    return {written({**NORMAL, axis: value}, form, reasoning).text: chance for value, chance in chances.items()}


def told_by(model, text, axis, form=DENSE_NO_REASONING, top=None):
    found = value_chances(spelled_tokens(model.logprobs(text, top)), parse(text, form), form)
    assert not found.problem
    return found.probabilities[axis], axis in found.partial


def reference(model, text, axis, top=None):
    """Return the share of the mass that no single value explains, from the tokens and by the rule in words."""
    chosen, _ = model.paths[text]
    literals = [json.dumps(value) for value in axis_named(axis).values]
    colon = text.index(f'"{axis.removeprefix("ischemia_")}":') + len(axis.removeprefix("ischemia_")) + 3
    told = model.logprobs(text, top)["content"]
    so_far, reaching, untold = "", 1.0, 0.0
    for token, entry in zip(chosen, told, strict=True):
        chances = {one["token"]: math.exp(one["logprob"]) for one in entry["top_logprobs"]}
        chances.setdefault(token, math.exp(entry["logprob"]))
        untold += reaching * max(0.0, 1 - sum(chances.values()))
        for other, chance in chances.items():
            begun = (so_far + other)[colon:].lstrip()
            fits = [one for one in literals if one.startswith(begun) or begun.startswith(one)]
            if other != token and len(fits) != 1:
                untold += reaching * chance
        reaching *= chances[token]
        so_far += token
    return untold


def distribution(axis, numbers):
    values = axis_named(axis).values
    weights = [next(numbers) + 0.001 for _ in values]
    return {value: weight / sum(weights) for value, weight in zip(values, weights, strict=True)}


def random_model(axis, seed):
    """Return a model with random probabilities and tokens cut at random from what it writes."""
    rng = random.Random(seed)
    texts = answers_on(axis, distribution(axis, iter(lambda: rng.random() ** 4, None)))
    whole = list(texts)
    vocabulary = set()
    for _ in range(rng.choice([0, 30, 300, 3000])):
        text, size = rng.choice(whole), rng.randint(2, 8)
        start = rng.randrange(len(text))
        vocabulary.add(text[start : start + size])
    chosen = rng.choices(whole, [*texts.values()])[0]
    return Model(texts, greedy(vocabulary)), chosen


@pytest.mark.slow
@given(st.sampled_from(AXES), st.integers(0, 10**9))
@example("rhythm", 1)
def test_the_distribution_of_any_model_in_any_tokens_is_found_up_to_what_its_tokens_leave_open(axis, seed):
    model, chosen = random_model(axis, seed)
    found, is_partial = told_by(model, chosen, axis)
    untold = reference(model, chosen, axis)
    true = {parse(text, DENSE).values[axis]: chance for text, (_, chance) in model.paths.items()}
    assert sum(found.values()) == pytest.approx(1, abs=1e-5)
    for value, chance in true.items():
        assert abs(found[value] - chance) <= untold + 2e-6
    if abs(1 - untold - TOLD_FROM) > 1e-6:
        assert is_partial == (1 - untold < TOLD_FROM)


@pytest.mark.slow
def test_most_random_tokens_leave_nothing_open_and_then_it_is_exact():
    exact = 0
    for seed in range(300):
        axis = AXES[seed % len(AXES)]
        model, chosen = random_model(axis, seed)
        exact += reference(model, chosen, axis) < 1e-9
    assert 60 < exact < 300


@given(st.sampled_from(AXES), st.integers(0, 10**9), st.integers(1, 4))
def test_with_few_alternatives_what_is_not_told_makes_it_partial(axis, seed, top):
    model, chosen = random_model(axis, seed)
    found, is_partial = told_by(model, chosen, axis, top=top)
    untold = reference(model, chosen, axis, top)
    assert sum(found.values()) == pytest.approx(1, abs=1e-5)
    if abs(1 - untold - TOLD_FROM) > 1e-6:
        assert is_partial == (1 - untold < TOLD_FROM)


RHYTHM = {"sinus": 0.4, "sinus_arrhythmia": 0.1, "atrial_fibrillation": 0.3, "atrial_flutter": 0.15, "paced": 0.05}


@pytest.mark.parametrize(
    "vocabulary",
    [
        {'"rhythm": "', '"sinus', '"atrial', "_fib", "_fl", "rillation", "paced", "_arr"},
        {'": "', "sin", "us", '"paced"', ' "', "atrial_f"},
        {': "s', ': "a', ': "p', "inus", "trial", "_"},
        {' "sinus"', ' "sinus_arrhythmia"', ' "atrial_fibrillation"', ' "atrial_flutter"', ' "paced"'},
        {'hythm": "sin', 'hythm": "atr', 'hythm": "pa', "us_"},
        {'"sinus", "', '"paced", "axis', "atrial_fi", "atrial_fl"},
        set(),
    ],
    ids=["words", "halves", "colons", "spaces", "keys", "beyond", "letters"],
)
def test_odd_tokens_give_the_chosen_value_exactly(vocabulary):
    model = Model(answers_on("rhythm", RHYTHM), greedy(vocabulary))
    for text in model.paths:
        found, _ = told_by(model, text, "rhythm")
        chosen = parse(text, DENSE).values["rhythm"]
        assert found[chosen] == pytest.approx(RHYTHM[chosen], abs=1e-6) or vocabulary != set()
        if reference(model, text, "rhythm") < 1e-9:
            assert {value: chance for value, chance in found.items() if chance} == pytest.approx(RHYTHM, abs=1e-6)


def test_a_shared_beginning_is_told_where_it_parts_and_else_shared_out_evenly():
    model = Model(
        answers_on("rhythm", RHYTHM), greedy({'"sinus', '"atrial_f', "ibrillation", "lutter", '"paced', '",'})
    )
    fibrillation, sinus = (
        written({**NORMAL, "rhythm": one}, DENSE_NO_REASONING).text for one in ("atrial_fibrillation", "sinus")
    )
    found, is_partial = told_by(model, fibrillation, "rhythm")
    assert found["atrial_fibrillation"] == pytest.approx(0.3) and found["atrial_flutter"] == pytest.approx(0.15)
    assert found["sinus"] == found["sinus_arrhythmia"] == pytest.approx(0.25), "one token of both, not followed"
    assert is_partial
    found, is_partial = told_by(model, sinus, "rhythm")
    assert found["sinus"] == pytest.approx(0.4) and found["sinus_arrhythmia"] == pytest.approx(0.1)
    assert found["atrial_fibrillation"] == found["atrial_flutter"] == pytest.approx(0.225)
    assert is_partial


def test_what_is_no_value_and_another_layout_are_kept_apart():
    whole = {'{"normality": "normal"}': 0.3, '{"normality": "abnormal"}': 0.3, '{"normality": "unsure"}': 0.1}
    layout = {'{"normality":\n"normal"}': 0.1, '{\n"normality": "abnormal"}': 0.2}
    model = Model(whole | layout, greedy({'"normality":', ' "', "normal", "abnormal", "unsure"}))
    found, is_partial = told_by(model, '{"normality": "normal"}', "normality", BINARY)
    assert found == {"normal": 0.5, "abnormal": 0.5}
    assert is_partial, "a tenth in seven belongs to no value"


def test_probabilities_of_superclasses_follow_from_the_diagnosis():
    texts = {
        json.dumps({"diagnosis": value}): chance for value, chance in {"AMI": 0.2, "IMI": 0.3, "NORM": 0.5}.items()
    }
    model = Model(texts, greedy({'"AMI', '"IMI', '"NORM'}))
    text = next(iter(texts))
    found = value_chances(spelled_tokens(model.logprobs(text)), parse(text, FLAT), FLAT)
    assert found.probabilities["superclass"] == {"NORM": 0.5, "MI": 0.5, "STTC": 0.0, "CD": 0.0, "HYP": 0.0}
    assert found.partial == ()


def test_sets_have_none():
    text = written({**NORMAL, "other_findings": frozenset({"lvh"})}, DENSE, "why").text
    model = Model({text: 1.0}, greedy(set()))
    found = value_chances(spelled_tokens(model.logprobs(text)), parse(text, DENSE), DENSE)
    assert found.probabilities.keys() == {*AXES, "superclass"}


def test_a_sparse_answer_that_writes_every_axis_has_them_null_being_normal():
    told = {name: None for name in AXES if not name.startswith("ischemia")} | {"other_findings": []}
    told["ischemia"] = {"stage": None, "territory": None}
    texts = {json.dumps(told): 0.75, json.dumps(told | {"rhythm": "paced"}): 0.25}
    model = Model(texts, greedy({" null", ' "paced"'}))
    for text in texts:
        found, is_partial = told_by(model, text, "rhythm", SPARSE)
        assert (found["sinus"], found["paced"], is_partial) == (0.75, 0.25, False)
    left_out = Model({"{}": 1.0}, greedy(set()))
    assert value_chances(spelled_tokens(left_out.logprobs("{}")), parse("{}", SPARSE), SPARSE).problem == NOT_WRITTEN


def test_synonyms_in_free_text_count_for_their_value():
    texts = {'{"normality": "Normal"}': 0.5, '{"normality": "Abnormal ECG"}': 0.25, '{"normality": "abnormal"}': 0.25}
    model = Model(texts, greedy({' "Normal"', ' "Abnormal', ' "abnormal"'}))
    for text in texts:
        if parse(text, BINARY).values.get("normality"):
            found, is_partial = told_by(model, text, "normality", BINARY)
            assert (found["normal"], found["abnormal"], is_partial) == (0.5, 0.5, False)


def test_thinking_before_and_special_tokens_behind_do_not_matter():
    text = written(NORMAL, DENSE, "sinus, is it {}? 5 \u00b5V \u2013 yes").text
    other = written({**NORMAL, "rhythm": "paced"}, DENSE, "sinus, is it {}? 5 \u00b5V \u2013 yes").text
    model = Model({text: 0.8, other: 0.2}, greedy({' "sinus"', ' "paced"'}))
    plain = model.logprobs(text)["content"]
    draft = [{"token": part, "logprob": -0.5, "top_logprobs": []} for part in ("<think>", text, "</think>")]
    garbled = [{**one, "token": "\ufffd"} if ord(one["token"][0]) > 126 else one for one in plain]
    ended = [{"token": "<|im_end|>", "logprob": 0.0, "top_logprobs": []}]
    for content in (plain, draft + plain, plain + ended, [*draft, *garbled, *ended]):
        for entry in content:
            entry["bytes"] = None
        tokens = spelled_tokens({"content": content})
        found = value_chances(tokens, parse(text, DENSE), DENSE)
        assert found.probabilities["rhythm"]["paced"] == pytest.approx(0.2)


@pytest.mark.parametrize(
    "logprobs", [None, {}, {"content": None}, {"content": []}, {"content": [{"logprob": 1}]}, {"content": 5}]
)
def test_a_server_without_logprobs_is_told(logprobs):
    text = '{"normality": "normal"}'
    assert value_chances(spelled_tokens(logprobs), parse(text, BINARY), BINARY).problem == NOT_SENT


@pytest.mark.parametrize("logprob", [3.5, "high", True, None])
def test_what_is_no_log_probability_gives_none(logprob):
    text = '{"normality": "normal"}'
    tokens = spelled_tokens({"content": [{"token": text, "logprob": logprob, "top_logprobs": []}]})
    found = value_chances(tokens, parse(text, BINARY), BINARY)
    assert (found.problem, found.probabilities) == (NO_PROBABILITIES, {})
    twice = SpelledToken(text.encode(), {text.encode(): 0.9, b"x": 0.9})
    assert value_chances([twice], parse(text, BINARY), BINARY).problem == NO_PROBABILITIES


def test_tokens_of_another_text_give_none():
    text = '{"normality": "normal"}'
    tokens = spelled_tokens({"content": [{"token": "token_id:5", "logprob": -0.1, "top_logprobs": []}]})
    assert value_chances(tokens, parse(text, BINARY), BINARY).problem == NOT_SPELLED
