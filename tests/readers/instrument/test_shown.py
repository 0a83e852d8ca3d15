"""What a reader with instruments is given by a view, sends back to a server, and leaves to be shown later."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bench.report.call_sheet import call_sheet
from bench.report.summary import _instruments
from bench.run.settings import shown_by
from bench.score.instrument import instrument_total
from bench.view import Question, View, cases_of
from bench.view.drawing import IN_TURN, Ahead
from readers.api.openai import OpenAIReader
from readers.instrument.reader import ZoomReader
from renderers import PageStyle, render
from taxonomy.error import ReadingError
from taxonomy.instrument import InstrumentCall
from taxonomy.reading import Failure, Reading

from ...loopback.tool_server import openai_turn


def test_only_a_reader_that_enlarges_is_given_what_pictures_were_drawn_from(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-abcdefgh12345678")
    plain, zoom = (View().settled(reader) for reader in (OpenAIReader("gpt-5.4"), ZoomReader("openai:gpt-5.4")))
    assert (plain.keeps_originals, zoom.keeps_originals) == (False, True)
    assert plain.to_json() == zoom.to_json()
    assert shown_by(plain) == shown_by(zoom)


@pytest.mark.slow
def test_pages_that_other_processes_draw_keep_it_too(records):
    view = View(px_per_mm=3, keeps_originals=True).for_inputs(ZoomReader.inputs)
    ahead = replace(cases_of(view, records), ahead=Ahead(1))
    questions = [Question(record) for record in records[:2]]
    for case, own in zip(ahead.each(questions), replace(ahead, ahead=IN_TURN).each(questions), strict=True):
        (picture,), (drawn,) = case.images, own.images
        assert all(
            np.array_equal(one, other, equal_nan=True)
            for one, other in zip(picture.original.lines, drawn.original.lines, strict=True)
        )


def test_a_model_gets_its_own_thoughts_back_with_its_calls(cases, server):
    (reading,) = ZoomReader("anthropic:claude-opus-4-8").read(cases[:1])
    assert reading.error is None
    question, said, results = server.bodies[-1]["messages"]
    assert [block["type"] for block in said["content"]] == ["thinking", "tool_use"]
    assert said["content"][0]["signature"] == "c2lnbmF0dXJl"
    assert question["content"][-1]["cache_control"] == {"type": "ephemeral"}
    assert [part["type"] for part in results["content"][0]["content"]] == ["text", "image", "text"]


def test_what_a_server_wants_back_of_a_message_is_sent_back(cases, server):
    def with_thoughts(whole):
        message = whole["choices"][0]["message"]
        message |= {"reasoning_content": "closer", "annotations": []} if message.get("tool_calls") else {}
        return whole

    server.script = with_thoughts
    list(ZoomReader("openai:gpt-5.4").read(cases[:1]))
    said = server.bodies[-1]["messages"][2]
    assert said["reasoning_content"] == "closer"
    assert "annotations" not in said
    assert openai_turn(server.bodies[-1], server)["choices"][0]["message"]["content"]


ZOOMED = InstrumentCall("zoom", "{}", "shown", lead="V1", picture=7, where_mm=(9.0, 20.0, 90.0, 70.0), px_per_mm=12)
MEASURED = InstrumentCall("caliper", "{}", "80 ms", lead="V2", picture=8, where_mm=(20.0, 45.0, 22.0, 35.0))
REFUSED = InstrumentCall("zoom", "{", "error: no JSON", is_refused=True)


def size_of(png):
    with Image.open(io.BytesIO(png)) as picture:
        return picture.size


def test_a_sheet_shows_the_pictures_that_were_looked_at(records):
    signal = records[0].signal()
    pictures = render(signal.mv, signal.fs, "leads", PageStyle(px_per_mm=4, keeps_original=True))
    width, height = pictures[0].size
    none, one, two = (size_of(call_sheet(pictures, calls)) for calls in ((), (MEASURED,), (MEASURED, ZOOMED, REFUSED)))
    with Image.open(io.BytesIO(call_sheet(pictures, (MEASURED,)))) as picture:
        assert picture.info["dpi"][0] == pytest.approx(4 * 25.4, abs=0.1)  # the picture prints at 25 mm/s
    assert none == one
    assert one[0] == max(1000, width) + 32
    assert two[1] > one[1] + height


@pytest.mark.parametrize(
    "strange",
    [
        {"picture": 99},
        {"where_mm": (900.0, 900.0, 950.0, 950.0)},
        {"px_per_mm": 9999},
        {"where_mm": None},
        {"where_mm": (0.0, 0.0, 265.0, 85.0), "px_per_mm": 24},
    ],
)
def test_what_stands_on_no_picture_is_left_out_of_a_sheet(records, strange):
    signal = records[0].signal()
    pictures = render(signal.mv, signal.fs, "leads", PageStyle(px_per_mm=3, keeps_original=True))
    assert call_sheet(pictures, (replace(ZOOMED, **strange),)) == call_sheet(pictures, ())


def test_a_run_tells_calls_leads_and_cases_without_an_answer():
    readings = [
        Reading(calls=(ZOOMED, ZOOMED, MEASURED)),
        Reading(calls=(ZOOMED, REFUSED), error=Failure("empty", "never")),
        Reading(),
    ]
    total = instrument_total(readings)
    assert (total.readings, total.using, total.calls, total.refused, total.unanswered) == (3, 2, 5, 1, 1)
    assert total.leads == {"V1": 3}
    lines = dict(_instruments(total))
    assert lines["instruments"] == "1.7 calls a case (zoom 3, caliper 1), 2 of 3 cases with any, 1 refused"
    assert lines["calls, and then no answer"] == "1 of 3 cases"
    assert instrument_total([Reading()]) is None


@pytest.mark.parametrize(
    "wrong", [{"lead": "<script>"}, {"lead": "\x1b[31m"}, {"where_mm": (1.0, 2.0)}, {"picture": 0}]
)
def test_a_call_of_a_strangers_run_is_checked(wrong):
    data = Reading(calls=(ZOOMED,)).to_json()
    data["calls"][0] |= {name: list(value) if isinstance(value, tuple) else value for name, value in wrong.items()}
    with pytest.raises(ReadingError, match=f"{next(iter(wrong))} of a call"):
        Reading.from_json(data)
