"""What a model sees of a page, measured on the real image processors of transformers at their models' settings.

The expected figures follow from each processor's documented steps: resizing with the sides' proportion kept, into the
grid of tiles that suits the picture best, or squeezing into a square.
"""

import json

import numpy as np
import pytest
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil
from transformers.models.llava_next.image_processing_pil_llava_next import LlavaNextImageProcessorPil
from transformers.models.llava_onevision.image_processing_pil_llava_onevision import LlavaOnevisionImageProcessorPil
from transformers.models.mllama.image_processing_pil_mllama import MllamaImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.siglip2.image_processing_pil_siglip2 import Siglip2ImageProcessorPil

from readers.registry import reader
from readers.vlm.chat import Chat
from readers.vlm.option import LoadOptions
from readers.vlm.resolution import sight_of
from renderers import PageStyle, blank

from ...command import bench, is_one_sentence

PAGE, LEAD = (1590, 1110), (2120, 320)


def square(edge):
    return {"height": edge, "width": edge}


def llava_next():
    return LlavaNextImageProcessorPil(size={"shortest_edge": 336}, crop_size=square(336))


def qwen():
    return Qwen2VLImageProcessorPil(size={"shortest_edge": 3136, "longest_edge": 1003520})


def pan_and_scan():
    return Gemma3ImageProcessorPil(
        size=square(896), do_pan_and_scan=True, pan_and_scan_min_crop_size=256, pan_and_scan_max_num_crops=4,
        pan_and_scan_min_ratio_to_activate=1.2,
    )  # fmt: skip


PROCESSORS = {
    # One 672 x 672 grid of 336 px tiles holds the page: its width becomes 672 px.
    "LLaVA-Next": (llava_next, {}, (672 / 1590, 672 / 1590)),
    # 1120 x 1120, four tiles of 560 px.
    "Mllama": (
        lambda: MllamaImageProcessorPil(size=square(560), max_image_tiles=4),
        {},
        (1120 / 1590, 1120 / 1590),
    ),
    # Squeezed into a square.
    "Gemma 3": (lambda: Gemma3ImageProcessorPil(size=square(896)), {}, (896 / 1590, 896 / 1110)),
    # Two crops of 795 x 1110, each squeezed into the square.
    "Gemma 3, pan and scan": (pan_and_scan, {}, (1, 896 / 1110)),
    # 3 x 2 tiles of 448 px, squeezed.
    "InternVL": (
        lambda: GotOcr2ImageProcessorPil(size=square(448), min_patches=1, max_patches=12),
        {"crop_to_patches": True},
        (1344 / 1590, 896 / 1110),
    ),
    # 1456 px long, both edges rounded up to tiles of 364 px.
    "Idefics3": (
        lambda: Idefics3ImageProcessorPil(size={"longest_edge": 1456}, max_image_size={"longest_edge": 364}),
        {},
        (1456 / 1590, 1092 / 1110),
    ),
    # Up to 2304 x 2304 px: the page is enlarged, which adds nothing.
    "LLaVA-OneVision": (LlavaOnevisionImageProcessorPil, {}, (1, 1)),
    # A million pixels, both edges rounded to 28 px; loose patches.
    "Qwen2.5-VL": (qwen, {}, (1176 / 1590, 812 / 1110)),
    # 256 patches of 16 px, with empty ones behind them; values of a pixel side by side.
    "SigLIP 2": (lambda: Siglip2ImageProcessorPil(max_num_patches=256), {}, (304 / 1590, 208 / 1110)),
    # The shorter edge of 224 px, and the middle of the longer: nothing is squeezed, the ends are lost.
    "CLIP": (CLIPImageProcessorPil, {}, (224 / 1110, 224 / 1110)),
}


def measured(make, options, sizes, number=0):
    processor = make()
    return sight_of(lambda images: processor(images=[images], return_tensors="pt", **options), sizes, number)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROCESSORS)
def test_the_true_scale_of_both_sides_is_measured(name):
    make, options, expected = PROCESSORS[name]
    sight = measured(make, options, [PAGE])
    assert (sight.width, sight.height) == pytest.approx(expected, rel=0.01)


@pytest.mark.slow
def test_among_twelve_pictures_one_may_be_seen_smaller_than_alone():
    """LLaVA-OneVision tiles one picture, but squeezes each of several into 384 px."""
    alone, among = (measured(LlavaOnevisionImageProcessorPil, {}, [LEAD] * count) for count in (1, 12))
    assert alone.least > 0.9
    assert (among.width, among.height) == pytest.approx((384 / 2120, 384 / 2120), rel=0.01)


def test_pictures_of_two_sizes_are_told_apart():
    sizes = [PAGE, (400, 300)]
    sights = [measured(llava_next, {}, sizes, number) for number in (0, 1)]
    assert sights[0].width == pytest.approx(672 / 1590, rel=0.01)
    assert sights[1].width == pytest.approx(1, rel=0.01)


def test_a_picture_of_which_nothing_is_seen_has_no_scale():
    assert sight_of(lambda images: {"pixel_values": np.zeros((1, 3, 32, 32), np.float32)}, [PAGE]) is None
    assert sight_of(lambda images: {"something": np.zeros((1, 3, 32, 32), np.float32)}, [PAGE]) is None


def test_padding_of_any_colour_does_not_count():
    def padded(images):
        (image,) = images
        sheet = np.full((600, 600, 3), 0.7, np.float32)
        sheet[100:400] = np.asarray(image.resize((600, 300), Image.Resampling.BILINEAR), np.float32) / 128 - 1
        return {"pixel_values": sheet[None]}

    sight = sight_of(padded, [(1200, 600)])
    assert (sight.width, sight.height) == pytest.approx((0.5, 0.5), rel=0.01)


@pytest.fixture(scope="module")
def chat(gemma):
    return reader(f"hf:{gemma}", {})._chat


def test_a_page_is_told_with_its_tokens_and_the_paper_of_each(chat):
    """Four tokens share 265 x 200 mm, one to 115 mm square, in 64 x 64 px."""
    (page,) = chat.each_seen(blank("clean", PageStyle()))
    assert (page.across, page.down) == pytest.approx((64 / 265, 64 / 200), rel=0.02)
    assert page.px_per_mm == page.across
    assert page.tokens == 4
    assert page.mm_per_token == pytest.approx((265 * 200 / 4) ** 0.5, rel=0.001)


@pytest.mark.slow
def test_each_of_twelve_pictures_is_told(chat):
    pages = chat.each_seen(blank("leads", PageStyle()))
    assert len(pages) == 12
    assert {page.tokens for page in pages} == {4}


def test_what_max_pixels_takes_away_counts_too(chat):
    options = LoadOptions(max_pixels=1024)
    small = Chat.of(chat.processor, options)
    (whole,), (page,) = (one.each_seen(blank("clean", PageStyle())) for one in (chat, small))
    assert page.across == pytest.approx(36 / 265, rel=0.04)
    assert page.across < whole.across


def test_a_scale_is_measured_once_for_each_size(chat, monkeypatch):
    fresh = Chat.of(chat.processor, LoadOptions())
    images = blank("clean", PageStyle())
    first = fresh.each_seen(images)
    monkeypatch.setattr("readers.vlm.chat.sight_of", lambda *args: pytest.fail("measured again"))
    assert fresh.each_seen(images) == first


def test_a_prompt_without_pictures_is_seen_at_nothing(chat):
    assert chat.each_seen(()) == ()
    assert chat.seen(()) is None


def test_show_limits_tells_what_an_open_model_sees(gemma, tmp_path):
    words = ("render", "--show-limits", "--renderer", "clean,leads", "--reader", f"hf:{gemma}")
    said = bench(*words, cwd=tmp_path).stdout
    assert "clean: 1590 x 1200 px, 6 px/mm\n" in said
    assert "hf:gemma: seen at 0.24 px/mm across and 0.32 down, 4 tokens, one to 115.1 mm square" in said
    assert "leads: 12 pictures of 2120 x 680 px, 8 px/mm\n" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--show-limits", "--reader", "majority"), "reader 'majority' is no open model"),
        (("--ids", "9", "--reader", "majority"), "--reader and --option go with --show-limits"),
    ],
)
def test_a_reader_that_sees_nothing_is_refused(tmp_path, words, said):
    done = bench("render", *words, cwd=tmp_path)
    assert done.returncode == 2 and said in done.stderr


def test_prompt_tells_what_an_open_model_sees_and_asks_nothing(gemma, tmp_path):
    done = bench("prompt", "--id", "38", "--renderer", "clean", "--reader", f"hf:{gemma}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "--- system" in done.stdout
    assert "1590 x 1200 px, 6 px/mm, seen at 0.24 px/mm across and 0.32 down" in done.stderr


def test_a_reader_without_a_request_is_refused_by_prompt(tmp_path):
    done = bench("prompt", "--id", "38", "--reader", "majority", cwd=tmp_path)
    assert is_one_sentence(done, "reader 'majority' is sent no prompt: name an API reader, such as openai:MODEL")
    assert not list(tmp_path.iterdir())


def test_image_kwargs_are_those_of_the_run(gemma):
    """Pan and scan, where it is on, cuts the page in two and shows each half larger."""
    kwargs = {"do_pan_and_scan": True, "pan_and_scan_min_crop_size": 16, "pan_and_scan_max_num_crops": 2}
    kwargs["pan_and_scan_min_ratio_to_activate"] = 1.1
    plain, scanned = (
        reader(f"hf:{gemma}", options).each_seen(blank("clean", PageStyle()))[0]
        for options in ({}, {"image_kwargs": json.dumps(kwargs)})
    )
    assert scanned.across == pytest.approx(2 * plain.across, rel=0.02)
    assert scanned.down == pytest.approx(plain.down, rel=0.02)
