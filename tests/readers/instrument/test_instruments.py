import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.api.model import image_limit
from readers.contract import Prompt
from readers.instrument.instruments import Instruments
from readers.instrument.lens import MOST_EDGE_PX
from readers.instrument.place import places_on
from readers.instrument.reader import ZoomReader
from readers.instrument.tool import ToolCall
from renderers import LEADS, PageStyle, blank, render
from renderers.closer import size_mm

from ...loopback.server import ANSWER

FS = 500
LAYOUTS = ("printed", "clean", "stacked", "leads")


def drawn(mv, name="printed", px=6):
    return render(mv.astype(np.float32), FS, name, PageStyle(px_per_mm=px, keeps_original=True))


def beats(rate=75, height=1.0):
    """Return ten seconds of triangles, 80 ms wide, the first at 0.4 s, of known heights: V1 upside down, V2 twice."""
    time = np.arange(10 * FS) / FS
    phase = (time - 0.4 + 0.04) % (60 / rate)
    wave = np.clip(1 - np.abs(phase - 0.04) / 0.04, 0, None) * height
    mv = np.tile(wave, (12, 1))
    mv[LEADS.index("V1")] *= -1
    mv[LEADS.index("V2")] *= 2
    return mv


def use(pictures, name, number=1, limit=None, **arguments):
    return Instruments(pictures, limit).used(ToolCall("id", name, json.dumps(arguments)), number)


def caliper(pictures, lead, begin, end):
    return use(pictures, "caliper", lead=lead, **{"from": begin, "to": end})


def numbers(result):
    """Return ms, mV at both ends, and their difference, as the caliper tells them."""
    text = result.text
    (ms,) = re.findall(r"are ([+-]\d+) ms", text)
    return float(ms), [float(found) for found in re.findall(r"at ([+-]\d+\.\d+) mV", text)], text


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize(("lead", "peak"), [("I", 1.0), ("V1", -1.0), ("V2", 2.0)])
def test_a_caliper_tells_the_interval_and_the_heights_that_were_drawn(name, lead, peak):
    # A column of a page begins at 0 s for I, and at 5 s for V1 and V2, at the foot of the seventh beat's wave.
    start = 5.0 if name in {"printed", "clean"} and lead != "I" else 0.0
    wave = beats()[LEADS.index(lead)]
    for begin, end in ((0.1, 1.2), (0.2, 0.38), (0.4, 1.2), (0.42, 1.21), (1.0, 2.0)):
        ms, found, text = numbers(caliper(drawn(beats(), name), lead, [begin], [end]))
        truth = [float(wave[round((start + time) * FS)]) for time in (begin, end)]
        assert ms == round(1000 * (end - begin))
        # Half a pixel of the steepest trace here, 3 ms of 25 mV/s for a peak of 1 mV, and the width of a hair.
        assert np.allclose(found, truth, atol=0.1 * abs(peak) + 0.02), (text, truth)


@pytest.mark.parametrize("rate", [40, 75, 150])
def test_a_caliper_from_r_to_r_tells_the_rate(rate):
    result = caliper(drawn(beats(rate)), "II rhythm", [0.4], [0.4 + 60 / rate])
    assert f"{rate} per minute" in result.text
    _, (first, last), _ = numbers(result)
    assert first == pytest.approx(1.0, abs=0.1)
    assert last == pytest.approx(1.0, abs=0.1)


def test_a_caliper_between_two_points_is_a_ruler():
    text = caliper(drawn(beats()), "V1", [140, 50], [150, 40]).text
    assert "+10.0 mm across are +400 ms, 150 per minute if it is one RR interval; +10.0 mm up are +1.00 mV" in text
    back = caliper(drawn(beats()), "V1", [150, 40], [140, 50]).text
    assert "-10.0 mm across are -400 ms" in back
    assert "-1.00 mV" in back
    assert "per minute" not in caliper(drawn(beats()), "V1", [140, 50], [140, 40]).text


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYOUTS)
def test_where_no_trace_is_drawn_there_is_none_to_measure(name):
    masked = beats()
    masked[LEADS.index("V1")] = np.nan
    style = PageStyle(px_per_mm=6, keeps_original=True)
    for pictures in (drawn(masked, name), blank(name, style)):
        text = caliper(pictures, "V1", [0.4], [1.2]).text
        assert text.count("no trace is drawn") == 2
        assert "+800 ms" in text
    assert "no trace" not in caliper(drawn(masked, name), "V2", [0.4], [1.2]).text


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_lead_has_its_place_and_a_zoom_shows_it(name):
    pictures = drawn(beats(), name)
    places = places_on(pictures)
    assert set(LEADS) <= set(places)
    assert ("II rhythm" in places) == (name in {"printed", "clean"})
    for lead, place in places.items():
        result = use(pictures, "zoom", lead=lead, px_per_mm=24)
        assert not result.log.is_refused
        (image,) = result.images
        assert max(image.size) <= MOST_EDGE_PX
        assert image.px_per_mm > place.picture.px_per_mm or place.seconds > 5
        left, top, right, bottom = result.log.where_mm
        assert left < place.strip.x_mm < right
        assert top < place.strip.baseline_mm < bottom


def test_a_part_is_no_larger_than_the_model_sees_and_the_text_says_so():
    limit = image_limit("anthropic", "claude-haiku-4-5")
    result = use(drawn(beats()), "zoom", limit=limit, box=[10, 10, 110, 90], px_per_mm=24)
    (image,) = result.images
    assert limit.scale(image.size) == 1
    assert f"can be shown at {image.px_per_mm:g} px/mm at most" in result.text
    assert image.px_per_mm < 24


def test_a_picture_without_a_layout_is_enlarged_by_boxes_alone():
    bare = tuple(replace(image, strips=(), original=None) for image in drawn(beats()))
    assert [tool.name for tool in Instruments(bare).tools()] == ["zoom"]
    assert "lead" not in Instruments(bare).tools()[0].parameters["properties"]
    assert "not known where the leads stand" in use(bare, "zoom", lead="V1", px_per_mm=9).text
    assert "there is no instrument 'caliper': there is zoom" in caliper(bare, "V1", [0], [1]).text
    result = use(bare, "zoom", box=[10, 10, 50, 50], px_per_mm=12)
    assert "its pixels enlarged, which shows nothing new" in result.text
    assert result.images[0].size == (480, 480)


def test_of_several_pictures_a_box_names_its_own():
    pictures = drawn(beats(), "leads")
    assert "name the picture of the box, 1 to 12" in use(pictures, "zoom", box=[9, 9, 50, 50], px_per_mm=9).text
    assert "name the picture" in use(pictures, "zoom", box=[9, 9, 50, 50], picture=13, px_per_mm=9).text
    first, second = (
        use(pictures, "zoom", box=[30, 20, 90, 80], picture=number, px_per_mm=9).images[0].png for number in (7, 8)
    )
    assert first != second


def test_the_same_call_gives_the_same():
    calls = (("zoom", {"lead": "V3", "px_per_mm": 11}), ("caliper", {"lead": "V3", "from": [0.3], "to": [0.5]}))
    for name, arguments in calls:
        one, two = (use(drawn(beats()), name, **arguments) for _ in range(2))
        assert one.text == two.text
        assert [image.png for image in one.images] == [image.png for image in two.images]


PAGE = drawn(beats(), px=3)


@given(st.lists(st.floats(-1e7, 1e7), min_size=3, max_size=5), st.floats(-5, 50))
def test_any_box_is_shown_within_the_page_and_the_limits_or_told_what_is_allowed(box, px):
    result = use(PAGE, "zoom", box=box, px_per_mm=px)
    if result.log.is_refused:
        assert result.text.startswith("error: ")
        assert not result.images
        return
    left, top, right, bottom = result.log.where_mm
    width, height = size_mm(PAGE[0])
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert max(left, box[0]) == left
    assert max(result.images[0].size) <= MOST_EDGE_PX


@given(st.floats(-1, 4), st.floats(-1, 4))
def test_any_interval_is_the_difference_of_its_times(begin, end):
    result = caliper(PAGE, "V1", [begin], [end])
    if not (0 <= min(begin, end) <= max(begin, end) <= 2.5):
        assert "is not on it" in result.text
        return
    assert numbers(result)[0] == pytest.approx(1000 * (end - begin), abs=0.51)


# A model that really looks: it measures ink in what its zoom shows, and answers by it. ------------------------------


def ink_height_mm(picture, px_per_mm):
    """Return how tall the ink is in the middle of a picture, in mm."""
    width = picture.shape[1]
    inside = picture[:, width // 8 : -width // 8].max(axis=2) < 90
    rows = np.flatnonzero(inside.any(axis=1))
    return (rows[-1] - rows[0]) / px_per_mm if len(rows) else 0.0


def looking(asked):
    """Zoom into V2 around its baseline, and call it infarction by the height of the ink alone."""
    if not asked.tools:
        return json.dumps(ANSWER | {"rate": "normal", "diagnosis": "NORM", "reasoning": "no instrument"})
    if not asked.results:
        return [("zoom", {"box": [140, 70, 190, 95], "px_per_mm": 20})]
    height = ink_height_mm(asked.pixels(-1), 20)
    diagnosis = "NORM" if height < 5 else "LVH"
    return json.dumps(ANSWER | {"rate": "normal", "diagnosis": diagnosis, "reasoning": f"ink {height:.2f} mm"})


def shown(case, mv, name="clean"):
    return replace(case, images=drawn(mv, name, px=3), prompt=replace(case.prompt, captions=()))


def told(reading):
    return float(re.search(r"ink (\d+\.\d+) mm", reading.raw).group(1))


def test_what_a_model_sees_in_a_zoom_is_what_the_condition_shows(zoom, build_cases, server):
    server.model = looking
    (case,) = build_cases(1)
    masked = beats()
    masked[LEADS.index("V2")] = np.nan
    empty = replace(case, images=blank("clean", PageStyle(px_per_mm=3, keeps_original=True)))
    asked = [shown(case, beats(height=0.3)), shown(case, beats(height=0.9)), shown(case, masked), empty]
    small, tall, hidden, nothing = zoom().read(asked)
    assert told(small) == pytest.approx(6.0, abs=0.8)
    assert told(tall) > 12
    assert told(hidden) == told(nothing) == 0
    assert [one.values["diagnosis"] for one in (small, tall, hidden, nothing)] == ["LVH", "LVH", "NORM", "NORM"]


def test_under_the_conditions_of_an_ablation_the_instruments_follow_what_is_shown(zoom, build_cases, server):
    server.model = looking
    full, blanked, text_only = (
        list(zoom().read(build_cases(3, renderer="clean", condition=name)))
        for name in ("full", "blank-image", "text-only")
    )
    assert all(told(one) > 0 for one in full)
    assert all(told(one) == 0 for one in blanked)
    assert ["no instrument" in one.raw for one in text_only] == [True] * 3
    assert [one.calls for one in text_only] == [()] * 3


def test_instruments_know_the_picture_alone_and_nothing_of_the_case_that_it_is_shown_with(build_cases):
    """Under crossed numbers, or on another's page: results follow the page, and neither prompt nor signal."""
    one, other = build_cases(2, renderer="clean")
    calls = [
        ("zoom", {"lead": "V2", "px_per_mm": 12}),
        ("caliper", {"lead": "II rhythm", "from": [1.0], "to": [2.0]}),
        ("caliper", {"lead": "V5", "from": [0.3], "to": [0.9]}),
    ]

    def results(case):
        instruments = ZoomReader("openai:gpt-5.4", key_variable="NO_KEY").request(case).instruments
        found = [instruments.used(ToolCall("id", name, json.dumps(given)), 1) for name, given in calls]
        return [(result.text, [image.png for image in result.images]) for result in found]

    swapped = replace(other, signal=one.signal, prompt=Prompt("Vent. rate 300 BPM", one.prompt.measurements))
    assert results(swapped) == results(other) != results(one)
    (crossed,) = build_cases(1, renderer="clean", condition="crossed")
    assert results(crossed) == results(one)
