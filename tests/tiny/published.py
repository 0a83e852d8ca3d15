"""The processors of the families at the sizes of their published models, with the tiny models' words."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .family import saved


def _square(edge: int) -> dict[str, int]:
    return {"height": edge, "width": edge}


ANYRES = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]
UP_TO_SIX = [[384 * across, 384 * down] for across in range(1, 7) for down in range(1, 7)]
CLIP = {"size": {"shortest_edge": 336}, "crop_size": _square(336)}


def _tiles(edge: int, longest: int) -> dict[str, dict[str, int]]:
    return {"size": {"longest_edge": longest}, "max_image_size": {"longest_edge": edge}}


def _vision(edge: int) -> dict[str, Any]:
    return {"vision_config": {"image_size": edge, "patch_size": 14}}


@dataclass(frozen=True)
class Published:
    """A model of a family: its size, and the settings of its image processor, its processor and its configuration."""

    size: str
    images: Mapping[str, Any]
    whole: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)


_SMOL = (_tiles(384, 1536), {"image_seq_len": 81}, {**_vision(384), "scale_factor": 3})
_NEXT = ({**CLIP, "image_grid_pinpoints": ANYRES}, {"patch_size": 14}, {**_vision(336), "image_grid_pinpoints": ANYRES})
_GEMMA = ({"size": _square(896)}, {"image_seq_length": 256}, {**_vision(896), "mm_tokens_per_image": 256})
_QWEN3 = {"size": {"shortest_edge": 65536, "longest_edge": 16777216}}

PUBLISHED: Mapping[str, Published] = {
    "SmolVLM": Published("2B", *_SMOL),
    "SmolVLM2": Published("2.2B", *_SMOL),
    "Idefics3": Published("8B", _tiles(364, 1456), {"image_seq_len": 169}, {**_vision(364), "scale_factor": 2}),
    "LLaVA-1.5": Published("7B", CLIP, {"patch_size": 14}, _vision(336)),
    "LLaVA-1.6-vicuna": Published("7B", *_NEXT),
    "LLaVA-1.6-mistral": Published("7B", *_NEXT),
    "LLaVA-OneVision": Published(
        "7B",
        {"size": _square(384), "image_grid_pinpoints": UP_TO_SIX},
        {"num_image_tokens": 729},
        {**_vision(384), "image_grid_pinpoints": UP_TO_SIX},
    ),
    "Qwen2.5-VL": Published("7B", {"size": {"shortest_edge": 3136, "longest_edge": 12845056}}),
    "Qwen3-VL": Published("8B Instruct", _QWEN3),
    "Qwen3-VL-Thinking": Published("8B", _QWEN3),
    "Gemma 3": Published("4B", *_GEMMA),
    "MedGemma": Published("4B", *_GEMMA),
    "Gemma 4": Published("E4B", {"max_soft_tokens": 280}, {"image_seq_length": 280}),
    "InternVL": Published(
        "3-8B",
        {"size": _square(448), "max_patches": 12},
        {"image_seq_length": 256},
        {"vision_config": {"image_size": [448, 448], "patch_size": [14, 14]}},
    ),
    "Llama-3.2-Vision": Published("11B", {"size": _square(560)}),
}
"""By the files beside the weights: preprocessor_config.json, processor_config.json and config.json."""


def published(name: str, root: Path) -> Path:
    """Return a folder whose processor and configuration are those of a published model; its weights fit no longer."""
    folder, model = root / f"published-{name.replace(' ', '-')}", PUBLISHED[name]
    if not folder.is_dir():
        shutil.copytree(saved(name, root), folder)
        processor = json.loads((folder / "processor_config.json").read_text())
        processor |= {**model.whole, "image_processor": {**processor["image_processor"], **model.images}}
        (folder / "processor_config.json").write_text(json.dumps(processor))
        config = json.loads((folder / "config.json").read_text())
        config |= {
            **model.config,
            "vision_config": {**config["vision_config"], **model.config.get("vision_config", {})},
        }
        (folder / "config.json").write_text(json.dumps(config))
    return folder
