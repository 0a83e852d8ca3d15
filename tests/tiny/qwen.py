"""A Qwen3-VL of some 200,000 parameters from its real model class, with inputs made by its real image processor.

Its whole processor wants torchvision; the image processor has a form without it. The words are numbers of our own.
"""

import numpy as np
from numpy.typing import NDArray

IMAGE, START, END, PAD, EOS = 10, 11, 12, 0, 1
MERGE = 2


def model():
    """Return the model, in evaluation mode."""
    import torch
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    torch.manual_seed(0)
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": 200, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
            "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "max_position_embeddings": 4096,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3],
                                "mrope_interleaved": True},
            "eos_token_id": EOS, "pad_token_id": PAD,
        },
        vision_config={
            "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 64,
            "patch_size": 16, "spatial_merge_size": MERGE, "temporal_patch_size": 2, "num_position_embeddings": 256,
            "deepstack_visual_indexes": [0, 1],
        },
        image_token_id=IMAGE, vision_start_token_id=START, vision_end_token_id=END,
    )  # fmt: skip
    return Qwen3VLForConditionalGeneration(config).eval()


def inputs(pages: list[list[NDArray[np.uint8]]], words: list[list[int]]):
    """Return what the model takes of each case's pages and the words behind them, filled up on the left."""
    import torch
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    processor = Qwen2VLImageProcessorPil(
        patch_size=16, merge_size=MERGE, temporal_patch_size=2, size={"shortest_edge": 1024, "longest_edge": 65536}
    )
    seen = processor(images=[page for case in pages for page in case], return_tensors="pt")
    counts = iter((seen["image_grid_thw"].prod(dim=1) // MERGE**2).tolist())
    rows = [
        [token for _ in case for token in (START, *[IMAGE] * next(counts), END)] + said
        for case, said in zip(pages, words, strict=True)
    ]
    longest = max(map(len, rows))
    ids = torch.tensor([[PAD] * (longest - len(row)) + row for row in rows])
    return {
        "input_ids": ids,
        "attention_mask": torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows]),
        "mm_token_type_ids": (ids == IMAGE).long(),
        "pixel_values": seen["pixel_values"],
        "image_grid_thw": seen["image_grid_thw"],
    }
