"""A Gemma 3 made on the spot from its real classes: ``python gemma.py FOLDER [--size NAME] [--corpus FILE]``.

Its answers mean nothing; that it takes a chat with an image and writes tokens is the point.
"""

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<start_of_turn>"
    "{{ 'model' if message['role'] == 'assistant' else message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<start_of_image>{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
SPECIAL = {
    "bos_token": "<bos>",
    "eos_token": "<eos>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "boi_token": "<start_of_image>",
    "eoi_token": "<end_of_image>",
    "image_token": "<image_soft_token>",
}


@dataclass(frozen=True)
class Size:
    """How large a model is; hidden sizes are multiples of 32, and image tokens a square number."""

    hidden: int
    layers: int
    vision_hidden: int
    vision_layers: int
    image: int
    patch: int
    image_tokens: int


SIZES = {
    "tiny": Size(64, 2, 32, 2, 64, 16, 4),
    "small": Size(256, 4, 128, 4, 224, 14, 64),
    "middle": Size(2048, 16, 768, 12, 896, 14, 256),
}
"""Of some 0.25 million, 5 million and 1.2 thousand million parameters."""

WORDS = ("rate normal rhythm sinus axis left conduction none diagnosis",)


def build(
    folder: Path, corpus: Iterable[str] = WORDS, seed: int = 0, context: int = 8192, size: Size = SIZES["tiny"]
) -> None:
    """Save model and processor to a folder that the Auto classes load; the tokenizer is trained on the corpus."""
    import torch
    from transformers import (
        Gemma3Config,
        Gemma3ForConditionalGeneration,
        Gemma3ImageProcessor,
        Gemma3Processor,
        Gemma3TextConfig,
        SiglipVisionConfig,
    )

    torch.manual_seed(seed)
    tokenizer = _tokenizer(corpus)
    ids = {name: tokenizer.convert_tokens_to_ids(token) for name, token in SPECIAL.items()}
    text = Gemma3TextConfig(
        vocab_size=len(tokenizer), hidden_size=size.hidden, intermediate_size=2 * size.hidden,
        num_hidden_layers=size.layers, num_attention_heads=size.hidden // 32, num_key_value_heads=1, head_dim=32,
        max_position_embeddings=context, sliding_window=4096,
        bos_token_id=ids["bos_token"], eos_token_id=ids["eos_token"], pad_token_id=ids["pad_token"],
    )  # fmt: skip
    vision = SiglipVisionConfig(
        hidden_size=size.vision_hidden, intermediate_size=2 * size.vision_hidden, image_size=size.image,
        num_hidden_layers=size.vision_layers, num_attention_heads=size.vision_hidden // 16, patch_size=size.patch,
    )  # fmt: skip
    config = Gemma3Config(
        text_config=text, vision_config=vision, mm_tokens_per_image=size.image_tokens,
        boi_token_index=ids["boi_token"], eoi_token_index=ids["eoi_token"], image_token_index=ids["image_token"],
    )  # fmt: skip
    model = Gemma3ForConditionalGeneration(config)
    projection = model.model.multi_modal_projector.mm_input_projection_weight
    torch.nn.init.normal_(projection, std=0.02)  # zeros as built, which would leave the model blind
    torch.nn.init.normal_(model.get_input_embeddings().weight, std=0.2)  # a frozen head of 0.02 tells no tokens apart
    model.generation_config.eos_token_id = ids["eos_token"]
    model.save_pretrained(folder)
    images = Gemma3ImageProcessor(size={"height": size.image, "width": size.image}, do_pan_and_scan=False)
    Gemma3Processor(images, tokenizer, chat_template=TEMPLATE, image_seq_length=size.image_tokens).save_pretrained(
        folder
    )


def _tokenizer(corpus: Iterable[str]):
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    plain = Tokenizer(models.BPE(unk_token="<unk>"))
    plain.pre_tokenizer = pre_tokenizers.Sequence(
        [
            # The last digit of a number by itself, so that "Vent. rate 6" can become one token.
            pre_tokenizers.Split(Regex(r"\d(?!\d)"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    plain.decoder = decoders.ByteLevel()
    special = [*SPECIAL.values(), "<start_of_turn>", "<end_of_turn>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=8000, min_frequency=6, max_token_length=900, special_tokens=special, initial_alphabet=alphabet
    )
    plain.train_from_iterator(corpus, trainer)
    extra = {name: SPECIAL[name] for name in ("boi_token", "eoi_token", "image_token")}
    main = {name: token for name, token in SPECIAL.items() if name not in extra}
    return PreTrainedTokenizerFast(tokenizer_object=plain, extra_special_tokens=extra, **main)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", choices=SIZES, default="tiny")
    parser.add_argument("--corpus", type=Path, help="a JSON list of texts for the tokenizer")
    asked = parser.parse_args()
    words = json.loads(asked.corpus.read_text(encoding="utf-8")) if asked.corpus else WORDS
    build(asked.folder, words, size=SIZES[asked.size])
