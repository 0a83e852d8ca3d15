"""What each family of open models sees of a page, by its own processor at the settings of its published models.

    python benchmarks/families.py [--px-per-mm 6] [--renderer printed]

Pixels to a mm across and down, tokens, and the edge of the square of paper that one covers. No weights are read: the
processors are those of the tests' tiny models, set to the sizes of the models that are named.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import tests.conftest  # noqa: F401  # lets torchvision load beside a torch for processors
from readers.registry import reader
from renderers import PageStyle, blank
from tests.tiny.family import saved


def _square(edge: int) -> dict[str, int]:
    return {"height": edge, "width": edge}


ANYRES = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]
UP_TO_SIX = [[384 * across, 384 * down] for across in range(1, 7) for down in range(1, 7)]


def _tiles(edge: int, longest: int) -> dict[str, dict[str, int]]:
    return {"size": {"longest_edge": longest}, "max_image_size": {"longest_edge": edge}}


CLIP = {"size": {"shortest_edge": 336}, "crop_size": _square(336)}

PUBLISHED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "SmolVLM": ("2B", _tiles(384, 1536), {"image_seq_len": 81}),
    "SmolVLM2": ("2.2B", _tiles(384, 1536), {"image_seq_len": 81}),
    "Idefics3": ("8B", _tiles(364, 1456), {"image_seq_len": 169}),
    "LLaVA-1.5": ("7B", CLIP, {"patch_size": 14}),
    "LLaVA-1.6-vicuna": ("7B", {**CLIP, "image_grid_pinpoints": ANYRES}, {"patch_size": 14}),
    "LLaVA-1.6-mistral": ("7B", {**CLIP, "image_grid_pinpoints": ANYRES}, {"patch_size": 14}),
    "LLaVA-OneVision": ("7B", {"size": _square(384), "image_grid_pinpoints": UP_TO_SIX}, {"num_image_tokens": 729}),
    "Qwen2.5-VL": ("7B", {"size": {"shortest_edge": 3136, "longest_edge": 12845056}}, {}),
    "Qwen3-VL": ("8B Instruct", {"size": {"shortest_edge": 65536, "longest_edge": 16777216}}, {}),
    "Qwen3-VL-Thinking": ("8B", {"size": {"shortest_edge": 65536, "longest_edge": 16777216}}, {}),
    "Gemma 3": ("4B", {"size": _square(896)}, {"image_seq_length": 256}),
    "MedGemma": ("4B", {"size": _square(896)}, {"image_seq_length": 256}),
    "Gemma 4": ("E4B", {"max_soft_tokens": 280}, {"image_seq_length": 280}),
    "InternVL": ("3-8B", {"size": _square(448), "max_patches": 12}, {"image_seq_length": 256}),
    "Llama-3.2-Vision": ("11B", {"size": _square(560)}, {}),
}  # fmt: skip
"""A model of each family, the settings of its image processor, and those of its processor (preprocessor_config.json and
processor_config.json beside the weights)."""


def main() -> None:
    """Print a row for each family."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--px-per-mm", type=int, default=6)
    parser.add_argument("--renderer", default="printed")
    asked = parser.parse_args()
    pictures = blank(asked.renderer, PageStyle(px_per_mm=asked.px_per_mm))
    print("| model | px/mm across | down | tokens | mm a token |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as root:
        for name, (size, images, whole) in PUBLISHED.items():
            folder = saved(name, Path(root))
            file = folder / "processor_config.json"
            data = json.loads(file.read_text())
            data = {**data, **whole, "image_processor": {**data["image_processor"], **images}}
            file.write_text(json.dumps(data))
            page = min(reader(f"hf:{folder}").each_seen(pictures), key=lambda page: page.px_per_mm)
            tokens, edge = ("none", "") if page.tokens is None else (f"{page.tokens:,}", f"{page.mm_per_token:.1f}")
            print(f"| {name} {size} | {page.across:.2f} | {page.down:.2f} | {tokens} | {edge} |", flush=True)


if __name__ == "__main__":
    main()
