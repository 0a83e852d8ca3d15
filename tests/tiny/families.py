"""Tiny models whose caches differ: a sliding window, cross-attention to images, convolutions beside attention."""

from typing import Any

PAD, EOS, START, IMAGE = 0, 1, 2, 119
_WORDS = {"vocab_size": 120, "pad_token_id": PAD, "eos_token_id": EOS, "bos_token_id": START}
_SIZE = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2}


def gemma(window: int):
    """Return a Gemma 3 of a sliding, a full and a sliding layer, in evaluation mode."""
    import torch
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3TextConfig, SiglipVisionConfig

    torch.manual_seed(0)
    layers = ["sliding_attention", "full_attention", "sliding_attention"]
    text = Gemma3TextConfig(
        **_WORDS, **_SIZE, head_dim=8, num_hidden_layers=3, layer_types=layers, sliding_window=window
    )
    vision = SiglipVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14
    )
    config = Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4, image_token_index=IMAGE)
    model = Gemma3ForConditionalGeneration(config).eval()
    return _lively(model)


def mllama():
    """Return a Llama 3.2 Vision whose middle layer attends to the image, in evaluation mode."""
    import torch
    from transformers import MllamaConfig, MllamaForConditionalGeneration

    torch.manual_seed(0)
    positions: dict[str, Any] = {"rope_type": "default", "rope_theta": 10000.0}
    text = {**_WORDS, **_SIZE, "num_hidden_layers": 3, "cross_attention_layers": [1], "rope_parameters": positions}
    vision = {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_global_layers": 1, "image_size": 28,
        "attention_heads": 2, "patch_size": 14, "max_num_tiles": 1, "vision_output_dim": 32,
        "intermediate_layers_indices": [0], "supported_aspect_ratios": [[1, 1]],
    }  # fmt: skip
    config = MllamaConfig(text_config=text, vision_config=vision, image_token_index=IMAGE)
    model = MllamaForConditionalGeneration(config).eval()
    return _lively(model)


def lfm2():
    """Return an LFM2-VL of convolutions and attention, in evaluation mode."""
    import torch
    from transformers import Lfm2VlConfig, Lfm2VlForConditionalGeneration

    torch.manual_seed(0)
    layers = ["conv", "full_attention", "conv"]
    text = {"model_type": "lfm2", **_WORDS, **_SIZE, "num_hidden_layers": 3, "layer_types": layers}
    vision = {
        "model_type": "siglip2_vision_model", "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1,
        "num_attention_heads": 2, "patch_size": 4, "num_patches": 16,
    }  # fmt: skip
    config = Lfm2VlConfig(text_config=text, vision_config=vision, image_token_id=IMAGE, projector_hidden_size=32)
    return _lively(Lfm2VlForConditionalGeneration(config).eval())


def gemma4():
    """Return a Gemma 4 whose last layers take the keys of earlier ones, in evaluation mode."""
    import torch
    from transformers import Gemma4Config, Gemma4ForConditionalGeneration

    torch.manual_seed(0)
    layers = ["sliding_attention", "full_attention", "sliding_attention", "full_attention"]
    text = {
        **_WORDS, **_SIZE, "head_dim": 8, "global_head_dim": 8, "num_hidden_layers": 4, "layer_types": layers,
        "num_kv_shared_layers": 2, "sliding_window": 16, "vocab_size_per_layer_input": 120,
        "hidden_size_per_layer_input": 8,
    }  # fmt: skip
    vision = {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "head_dim": 8,
        "num_key_value_heads": 2, "patch_size": 4, "position_embedding_size": 16,
    }  # fmt: skip
    config = Gemma4Config(text_config=text, vision_config=vision, audio_config=None, image_token_id=IMAGE)
    return _lively(Gemma4ForConditionalGeneration(config).eval())


def _lively(model):
    """Return the model with weights that tell tokens, places and images apart, as those it is built with do not.

    Some of them are even zero as built: the way from the images into the text.
    """
    import torch

    for name, weight in model.named_parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.3)
        elif "gate" in name:
            torch.nn.init.ones_(weight)
    return model
