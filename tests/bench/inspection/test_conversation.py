"""What Inspect is given to ask is what the API readers send."""

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from bench.inspection.conversation import Part, Turn, logged_turns, pixels, request_of, turns_of
from bench.inspection.right_answer import right_answers, unplain
from bench.view import Question, View, cases_of
from bench.view.example import IMAGE_AND_TEXT
from readers.api.anthropic import AnthropicReader
from readers.api.openai import OpenAIReader
from taxonomy.axis import AXES
from taxonomy.target import BINARY, DENSE

from .written_log import asking, sample


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reader", "shown"),
    [
        (OpenAIReader("gpt-5.4"), {}),
        (OpenAIReader("x", base_url="http://127.0.0.1:1/v1"), {"renderer": "leads"}),
        (AnthropicReader("claude-opus-4-8"), {"px_per_mm": 12, "shots": 1}),
    ],
)
def test_a_request_is_that_of_the_models_own_reader(population, reader, shown):
    cases = cases_of(View(**{"px_per_mm": 3, **shown}).for_inputs(IMAGE_AND_TEXT), population.cohort(limit=1))
    case = cases.case(Question(cases.cohort[0]))
    own, asked = reader.request(case), request_of(case, reader.model)
    for name in ("system", "text", "detail"):
        assert getattr(own, name) == getattr(asked, name)
    assert [dataclasses.astuple(image) for image in own.every_image] == [
        dataclasses.astuple(image) for image in asked.every_image
    ]
    assert turns_of(own) == turns_of(asked)


def test_a_case_has_another_name_in_every_task():
    first, other, again = asking(limit=3), asking("text-only", limit=3), asking(limit=3)
    names = [[one.case_id for one in task.samples()] for task in (first, other, again)]
    assert names[0] == names[2]
    assert not {*names[0]} & {*names[1]}
    assert all(len(name) == 12 for name in names[0])


@pytest.mark.parametrize("shots", [0, 1])
def test_a_logged_input_is_read_back_as_it_was_asked(shots):
    (one,) = asking(limit=1, shots=shots).samples()
    logged = sample(one)
    turns = logged_turns(logged["input"], logged["attachments"])
    assert turns == turns_of(one.request)
    bare = sample(one, logs_images=False)
    unseen = logged_turns(bare["input"], bare["attachments"])
    assert unseen != turns
    assert all(map(Turn.agrees, unseen, turns))


def test_a_picture_is_known_by_its_pixels_however_it_is_packed():
    picture = np.arange(300, dtype=np.uint8).reshape(10, 10, 3)

    def packed(data, **how):
        out = io.BytesIO()
        Image.fromarray(data).save(out, "PNG", **how)
        return pixels(out.getvalue())

    assert packed(picture) == packed(picture, compress_level=0)
    assert packed(picture) != packed(picture + 1)
    assert packed(picture.reshape(5, 20, 3)) != packed(picture)
    with pytest.raises(ValueError, match="no PNG"):
        pixels(b"GIF89a")


def test_texts_and_pictures_agree_only_with_their_own_kind():
    assert Part("image", "").agrees(Part("image", "ab"))
    assert not Part("image", "cd").agrees(Part("image", "ab"))
    assert not Part("text", "").agrees(Part("text", "ab"))
    assert not Part("image", "").agrees(Part("text", ""))
    assert not Turn("user", (Part("text", "a"),)).agrees(Turn("system", (Part("text", "a"),)))


@pytest.mark.parametrize(
    "messages",
    ["text", [3], [{"role": "user"}], [{"role": "user", "content": [{"type": "audio"}]}],
     [{"role": "user", "content": [{"type": "text", "text": "attachment://nowhere"}]}],
     [{"role": "user", "content": [{"type": "image", "image": "data:image/png;base64,!!"}]}],
     [{"role": "user", "content": [{"type": "image", "image": "data:image/png;base64,AAAA"}]}],
     [{"role": "user", "content": [{"type": "image", "image": "https://example.org/other.png"}]}],
     [{"role": "user", "content": [{"type": "image", "image": ""}]}]],
)  # fmt: skip
def test_an_input_of_another_form_is_refused(messages):
    with pytest.raises(ValueError):
        logged_turns(messages, {})


@pytest.mark.parametrize("form", [DENSE, BINARY])
def test_the_logs_right_answers_are_those_of_the_truth(population, form):
    for record in population.cohort(limit=30):
        truth = population.cohort().truth(record)
        right = right_answers(truth, form)
        assert right.truth.keys() == {axis for axis in form.axes if truth.values[axis] is not None}
        tried = [
            population.baselines,
            truth.values,
            {axis.name: axis.values[-1] for axis in AXES if not axis.is_set},
            {"other_findings": truth.allowed},
        ]
        for values in tried:
            told = right.right(values)
            for axis in right.truth.keys() & values.keys():
                assert told[axis] == truth.accepts(axis, values[axis]), (axis, values)
        assert not any(right.right({}).values())


def test_baselines_survive_their_way_through_json():
    assert unplain({"rate": "normal", "other_findings": ["lvh"]}) == {
        "rate": "normal",
        "other_findings": frozenset({"lvh"}),
    }
