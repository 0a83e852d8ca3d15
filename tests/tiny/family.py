"""Tiny models of the families that people ask about: real classes of transformers, random weights, our words."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .chat_format import FORMATS

CONTEXT = 8192
TILE, PATCH = 64, 16


@dataclass(frozen=True)
class Family:
    """A family: the template, the special tokens by name, and what builds its model and processor.

    ``end`` is the token that ends an answer, ``adds_bos`` says whether the tokenizer begins every text with
    ``bos_token``, and ``ends_by_generation`` are the further ends of the generation configuration.
    """

    format: str
    special: dict[str, str]
    build: Callable
    end: str
    adds_bos: bool = False
    ends_by_generation: tuple[str, ...] = ()


def save(family: Family, folder: Path, corpus: Iterable[str]) -> None:
    """Save the model and the processor of a family to a folder that the Auto classes load."""
    import torch

    torch.manual_seed(0)
    tokenizer = tokenizer_of(family, tuple(corpus))
    ids = {name: tokenizer.convert_tokens_to_ids(token) for name, token in family.special.items()}
    text = {
        "vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32, "max_position_embeddings": CONTEXT,
        "bos_token_id": ids.get("bos_token"), "eos_token_id": ids["eos_token"], "pad_token_id": ids["pad_token"],
    }  # fmt: skip
    model, processor = family.build(text, ids, tokenizer, FORMATS[family.format])
    torch.nn.init.normal_(model.get_input_embeddings().weight, std=0.2)  # else a frozen head tells no tokens apart
    ends = [ids["eos_token"], *map(tokenizer.convert_tokens_to_ids, family.ends_by_generation)]
    model.generation_config.eos_token_id = ends
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def saved(name: str, root: Path) -> Path:
    """Return the folder of a family's model, made there when it is first asked for."""
    from bench.view.prompt import system_text
    from taxonomy.target import FORMATS as ANSWERS

    folder = root / name.replace(" ", "-")
    if not folder.is_dir():
        save(FAMILIES[name], folder, [system_text(form) for form in ANSWERS.values()])
    return folder


def tokenizer_of(family: Family, corpus: tuple[str, ...]):
    """Return a tokenizer that knows the words of a corpus and the special tokens of a family."""
    from tokenizers import Tokenizer, processors
    from transformers import PreTrainedTokenizerFast

    plain = Tokenizer.from_str(_words(corpus))
    own = ("bos_token", "eos_token", "pad_token", "unk_token")
    main = {name: token for name, token in family.special.items() if name in own}
    extra = {name: token for name, token in family.special.items() if name not in own}
    plain.add_special_tokens(list(dict.fromkeys(family.special.values())))
    if family.adds_bos:
        bos = family.special["bos_token"]
        plain.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", pair=f"{bos} $A {bos} $B", special_tokens=[(bos, plain.token_to_id(bos))]
        )
    return PreTrainedTokenizerFast(tokenizer_object=plain, extra_special_tokens=extra, **main)


@cache
def _words(corpus: tuple[str, ...]) -> str:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    plain = Tokenizer(models.BPE())
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    plain.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=1500, initial_alphabet=alphabet))
    return str(plain.to_str())


def _square(edge: int) -> dict[str, int]:
    return {"height": edge, "width": edge}


def _siglip(**more: object) -> dict[str, object]:
    return {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
        "image_size": TILE, "patch_size": PATCH, **more,
    }  # fmt: skip


def _clip() -> dict[str, object]:
    return _siglip(model_type="clip_vision_model", projection_dim=32)


def idefics3(text, ids, tokenizer, template):
    """Idefics3, and the first SmolVLM."""
    from transformers import Idefics3Config, Idefics3ForConditionalGeneration, Idefics3ImageProcessor, Idefics3Processor

    images = Idefics3ImageProcessor(size={"longest_edge": 2 * TILE}, max_image_size={"longest_edge": TILE})
    config = Idefics3Config(
        text_config={"model_type": "llama", **text}, vision_config=_siglip(), scale_factor=2,
        image_token_id=ids["image_token"], pad_token_id=ids["pad_token"],
    )  # fmt: skip
    processor = Idefics3Processor(images, tokenizer, image_seq_len=4, chat_template=template)
    return Idefics3ForConditionalGeneration(config), processor


def smolvlm(text, ids, tokenizer, template):
    """SmolVLM2."""
    from transformers import (
        SmolVLMConfig,
        SmolVLMForConditionalGeneration,
        SmolVLMImageProcessor,
        SmolVLMProcessor,
        SmolVLMVideoProcessor,
    )

    size = {"size": {"longest_edge": 2 * TILE}, "max_image_size": {"longest_edge": TILE}}
    config = SmolVLMConfig(
        text_config={"model_type": "llama", **text}, vision_config=_siglip(), scale_factor=2,
        image_token_id=ids["image_token"], pad_token_id=ids["pad_token"],
    )  # fmt: skip
    sampling = {"video_sampling": {"fps": 1, "max_frames": 4, "video_size": {"longest_edge": TILE}}}
    processor = SmolVLMProcessor(
        SmolVLMImageProcessor(**size), tokenizer, SmolVLMVideoProcessor(**size, **sampling),
        image_seq_len=4, chat_template=template,
    )  # fmt: skip
    return SmolVLMForConditionalGeneration(config), processor


def llava(text, ids, tokenizer, template):
    """LLaVA-1.5."""
    from transformers import CLIPImageProcessor, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor

    images = CLIPImageProcessor(size={"shortest_edge": TILE}, crop_size=_square(TILE))
    config = LlavaConfig(
        text_config={"model_type": "llama", **text}, vision_config=_clip(),
        image_token_index=ids["image_token"], image_seq_length=16,
    )  # fmt: skip
    processor = LlavaProcessor(
        images, tokenizer, patch_size=PATCH, vision_feature_select_strategy="default", num_additional_image_tokens=1,
        chat_template=template,
    )  # fmt: skip
    return LlavaForConditionalGeneration(config), processor


def llava_next(language: str):
    """LLaVA-1.6 with a language model."""

    def build(text, ids, tokenizer, template):
        from transformers import (
            LlavaNextConfig,
            LlavaNextForConditionalGeneration,
            LlavaNextImageProcessor,
            LlavaNextProcessor,
        )

        grid = [[TILE, 2 * TILE], [2 * TILE, TILE], [2 * TILE, 2 * TILE]]
        images = LlavaNextImageProcessor(
            size={"shortest_edge": TILE}, crop_size=_square(TILE), image_grid_pinpoints=grid
        )
        config = LlavaNextConfig(
            text_config={"model_type": language, **text}, vision_config=_clip(), image_grid_pinpoints=grid,
            image_token_index=ids["image_token"], image_seq_length=16,
        )  # fmt: skip
        processor = LlavaNextProcessor(
            images, tokenizer, patch_size=PATCH, vision_feature_select_strategy="default",
            num_additional_image_tokens=1, chat_template=template,
        )  # fmt: skip
        return LlavaNextForConditionalGeneration(config), processor

    return build


def onevision(text, ids, tokenizer, template):
    """LLaVA-OneVision."""
    from transformers import (
        LlavaOnevisionConfig,
        LlavaOnevisionForConditionalGeneration,
        LlavaOnevisionImageProcessor,
        LlavaOnevisionProcessor,
        LlavaOnevisionVideoProcessor,
    )

    grid = [[TILE, 2 * TILE], [2 * TILE, TILE], [2 * TILE, 2 * TILE]]
    images = LlavaOnevisionImageProcessor(size=_square(TILE), image_grid_pinpoints=grid)
    config = LlavaOnevisionConfig(
        text_config={"model_type": "qwen2", **text}, image_grid_pinpoints=grid,
        vision_config={"model_type": "siglip_vision_model", "vision_use_head": False, **_siglip()},
        image_token_index=ids["image_token"], video_token_index=ids["video_token"],
    )  # fmt: skip
    processor = LlavaOnevisionProcessor(
        images, tokenizer, LlavaOnevisionVideoProcessor(size=_square(TILE)), num_image_tokens=16,
        vision_feature_select_strategy="full", chat_template=template,
    )  # fmt: skip
    return LlavaOnevisionForConditionalGeneration(config), processor


def _qwen_text(text, sections, **more):
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": sections, **more}
    return {**text, "rope_parameters": rope}


def _qwen_ids(ids):
    return {
        "image_token_id": ids["image_token"], "video_token_id": ids["video_token"],
        "vision_start_token_id": ids["vision_start_token"], "vision_end_token_id": ids["vision_end_token"],
    }  # fmt: skip


def qwen25(text, ids, tokenizer, template):
    """Qwen2.5-VL."""
    from transformers import (
        Qwen2_5_VLConfig,
        Qwen2_5_VLForConditionalGeneration,
        Qwen2_5_VLProcessor,
        Qwen2VLImageProcessor,
        Qwen2VLVideoProcessor,
    )

    config = Qwen2_5_VLConfig(
        text_config=_qwen_text(text, [4, 6, 6]),
        vision_config={
            "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 64,
            "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2, "window_size": 56,
            "fullatt_block_indexes": [1],
        },
        **_qwen_ids(ids),
    )  # fmt: skip
    size = {"shortest_edge": 56 * 56, "longest_edge": 168 * 168}
    processor = Qwen2_5_VLProcessor(
        Qwen2VLImageProcessor(size=size), tokenizer, Qwen2VLVideoProcessor(size=size), chat_template=template
    )
    return Qwen2_5_VLForConditionalGeneration(config), processor


def qwen3(text, ids, tokenizer, template):
    """Qwen3-VL."""
    from transformers import (
        Qwen2VLImageProcessor,
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
        Qwen3VLProcessor,
        Qwen3VLVideoProcessor,
    )

    config = Qwen3VLConfig(
        text_config=_qwen_text(text, [4, 6, 6], mrope_interleaved=True),
        vision_config={
            "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 64,
            "patch_size": 16, "spatial_merge_size": 2, "temporal_patch_size": 2, "num_position_embeddings": 256,
            "deepstack_visual_indexes": [0, 1],
        },
        **_qwen_ids(ids),
    )  # fmt: skip
    size = {"patch_size": 16, "merge_size": 2, "size": {"shortest_edge": 64 * 64, "longest_edge": 192 * 192}}
    processor = Qwen3VLProcessor(
        Qwen2VLImageProcessor(**size), tokenizer, Qwen3VLVideoProcessor(**size), chat_template=template
    )
    return Qwen3VLForConditionalGeneration(config), processor


def gemma3(text, ids, tokenizer, template):
    """Gemma 3, and MedGemma."""
    import torch
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3ImageProcessor, Gemma3Processor

    config = Gemma3Config(
        text_config=text, vision_config=_siglip(), mm_tokens_per_image=4,
        boi_token_index=ids["boi_token"], eoi_token_index=ids["eoi_token"], image_token_index=ids["image_token"],
    )  # fmt: skip
    model = Gemma3ForConditionalGeneration(config)
    torch.nn.init.normal_(model.model.multi_modal_projector.mm_input_projection_weight, std=0.02)
    images = Gemma3ImageProcessor(size=_square(TILE), do_pan_and_scan=False)
    return model, Gemma3Processor(images, tokenizer, chat_template=template, image_seq_length=4)


def gemma4(text, ids, tokenizer, template):
    """Gemma 4."""
    from transformers import (
        Gemma4AudioFeatureExtractor,
        Gemma4Config,
        Gemma4ForConditionalGeneration,
        Gemma4ImageProcessor,
        Gemma4Processor,
        Gemma4VideoProcessor,
    )

    config = Gemma4Config(
        text_config={
            **text, "global_head_dim": 32, "hidden_size_per_layer_input": 0,
            "layer_types": ["sliding_attention", "full_attention"],
        },
        vision_config={
            "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
            "num_key_value_heads": 2, "head_dim": 16, "patch_size": PATCH,
        },
        audio_config=None,
        image_token_id=ids["image_token"], boi_token_id=ids["boi_token"], eoi_token_id=ids["eoi_token"],
        audio_token_id=ids["audio_token"], boa_token_id=ids["boa_token"], eoa_token_index=ids["eoa_token"],
    )  # fmt: skip
    processor = Gemma4Processor(
        Gemma4AudioFeatureExtractor(), Gemma4ImageProcessor(max_soft_tokens=70), tokenizer,
        Gemma4VideoProcessor(), chat_template=template, image_seq_length=70,
    )  # fmt: skip
    return Gemma4ForConditionalGeneration(config), processor


def internvl(text, ids, tokenizer, template):
    """InternVL in the form of transformers."""
    from transformers import (
        GotOcr2ImageProcessor,
        InternVLConfig,
        InternVLForConditionalGeneration,
        InternVLProcessor,
        InternVLVideoProcessor,
    )

    config = InternVLConfig(
        text_config={"model_type": "qwen2", **text},
        vision_config={
            "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
            "image_size": [TILE, TILE], "patch_size": [PATCH, PATCH],
        },
        image_token_id=ids["context_image_token"], image_seq_length=4, downsample_ratio=0.5,
    )  # fmt: skip
    images = GotOcr2ImageProcessor(size=_square(TILE), crop_to_patches=True, min_patches=1, max_patches=4)
    processor = InternVLProcessor(
        images, tokenizer, InternVLVideoProcessor(size=_square(TILE)), image_seq_length=4, chat_template=template
    )
    return InternVLForConditionalGeneration(config), processor


def mllama(text, ids, tokenizer, template):
    """Llama 3.2 Vision."""
    import torch
    from transformers import MllamaConfig, MllamaForConditionalGeneration, MllamaImageProcessor, MllamaProcessor

    config = MllamaConfig(
        text_config={
            **text, "num_hidden_layers": 3, "cross_attention_layers": [1],
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
        },
        vision_config={
            **_siglip(), "attention_heads": 2, "num_global_layers": 1, "max_num_tiles": 4,
            "intermediate_layers_indices": [0], "vision_output_dim": 64,
            "supported_aspect_ratios": [[1, 1], [1, 2], [1, 3], [1, 4], [2, 1], [2, 2], [3, 1], [4, 1]],
        },
        image_token_index=ids["image_token"],
    )  # fmt: skip
    model = MllamaForConditionalGeneration(config)
    for name, weight in model.named_parameters():
        if "gate" in name and weight.numel() == 1:
            torch.nn.init.constant_(weight, 1.0)  # zeros as built, which would leave the model blind
    images = MllamaImageProcessor(size=_square(TILE), max_image_tiles=4)
    return model, MllamaProcessor(images, tokenizer, chat_template=template)


MARKUP = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "im_start": "<|im_start|>"}
LLAVA = {
    "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "image_token": "<image>",
}  # fmt: skip
IDEFICS = {
    "image_token": "<image>", "fake_image_token": "<fake_token_around_image>", "global_image_token": "<global-img>",
    "end_of_utterance_token": "<end_of_utterance>", "unk_token": "<unk>",
}  # fmt: skip
SMOL = {**IDEFICS, "bos_token": "<|im_start|>", "eos_token": "<end_of_utterance>", "pad_token": "<|im_end|>"}
QWEN = {
    **MARKUP, "image_token": "<|image_pad|>", "video_token": "<|video_pad|>",
    "vision_start_token": "<|vision_start|>", "vision_end_token": "<|vision_end|>",
}  # fmt: skip
THINK = {"think": "<think>", "think_end": "</think>"}
GEMMA = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"}
GEMMA3 = {
    **GEMMA, "boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>",
    "start_of_turn": "<start_of_turn>", "end_of_turn": "<end_of_turn>",
}  # fmt: skip
GEMMA4 = {
    **GEMMA, "boi_token": "<|image>", "eoi_token": "<image|>", "image_token": "<|image|>", "audio_token": "<|audio|>",
    "boa_token": "<|audio>", "eoa_token": "<audio|>", "video_token": "<|video|>", "sot": "<|turn>", "eot": "<turn|>",
    "channel": "<|channel>", "channel_end": "<channel|>", "think": "<|think|>",
}  # fmt: skip
LLAMA = {
    "bos_token": "<|begin_of_text|>", "eos_token": "<|end_of_text|>", "pad_token": "<|finetune_right_pad_id|>",
    "eot": "<|eot_id|>", "header": "<|start_header_id|>", "header_end": "<|end_header_id|>",
    "image_token": "<|image|>", "python": "<|python_tag|>",
}  # fmt: skip
INTERN = {
    **MARKUP, "context_image_token": "<IMG_CONTEXT>", "start_image_token": "<img>", "end_image_token": "</img>",
    "video_token": "<video>",
}  # fmt: skip

FAMILIES = {
    "SmolVLM": Family("smolvlm", SMOL, idefics3, "<end_of_utterance>"),
    "SmolVLM2": Family("smolvlm", SMOL, smolvlm, "<end_of_utterance>"),
    "Idefics3": Family(
        "idefics3",
        {**IDEFICS, "bos_token": "<|begin_of_text|>", "eos_token": "<|end_of_text|>", "pad_token": "<pad>"},
        idefics3,
        "<end_of_utterance>",
        adds_bos=True,
    ),
    "LLaVA-1.5": Family("vicuna", LLAVA, llava, "</s>", adds_bos=True),
    "LLaVA-1.6-vicuna": Family("vicuna-next", LLAVA, llava_next("llama"), "</s>", adds_bos=True),
    "LLaVA-1.6-mistral": Family("mistral-next", LLAVA, llava_next("mistral"), "</s>", adds_bos=True),
    "LLaVA-OneVision": Family(
        "onevision", {**MARKUP, "image_token": "<image>", "video_token": "<video>"}, onevision, "<|im_end|>"
    ),
    "Qwen2.5-VL": Family("qwen2.5", QWEN, qwen25, "<|im_end|>", ends_by_generation=("<|endoftext|>",)),
    "Qwen3-VL": Family("qwen3", QWEN, qwen3, "<|im_end|>", ends_by_generation=("<|endoftext|>",)),
    "Qwen3-VL-Thinking": Family("qwen3-thinking", QWEN | THINK, qwen3, "<|im_end|>"),
    "Gemma 3": Family("gemma3", GEMMA3, gemma3, "<end_of_turn>", adds_bos=True),
    "MedGemma": Family("gemma3", GEMMA3, gemma3, "<end_of_turn>", adds_bos=True),
    "Gemma 4": Family("gemma4", GEMMA4, gemma4, "<turn|>", adds_bos=True, ends_by_generation=("<turn|>",)),
    "InternVL": Family("internvl", INTERN, internvl, "<|im_end|>"),
    "Llama-3.2-Vision": Family("llama", LLAMA, mllama, "<|eot_id|>", adds_bos=True, ends_by_generation=("<|eot_id|>",)),
}

FAST = ("SmolVLM2", "LLaVA-1.5", "Qwen3-VL-Thinking", "Gemma 4", "Llama-3.2-Vision")
"""Of every kind one, for tests that have a second."""


def each_family():
    """Return the names of the families as parameters of a test, slow but for a few."""
    import pytest

    return [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in FAMILIES]


def scripted(folder: Path, to: Path, text: str) -> Path:
    """Return a copy of a model that writes a text and goes on by itself: its generation is biased token by token."""
    import json
    import shutil

    from transformers import AutoTokenizer

    shutil.copytree(folder, to)
    ids = AutoTokenizer.from_pretrained(to)(text, add_special_tokens=False)["input_ids"]
    # What stands further back has more weight, so that a token that comes twice is followed by the right one.
    biases = [[ids[: number + 1], 1000.0 * (number + 1)] for number in range(len(ids))]
    data = json.loads((to / "generation_config.json").read_text())
    (to / "generation_config.json").write_text(json.dumps(data | {"sequence_bias": biases}))
    return to
