"""A tiny open model that looks at a known place of its page: what its maps must show is known."""

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from readers.vlm.loading import Vlm
from readers.vlm.pixel_gradient import VlmPages
from taxonomy.target import BINARY
from taxonomy.writing import written

from .family import saved

PIXELS = 512 * 384
"""Of the page as the model is given it: 0.66 s x 1.67 mV a token."""


class Eye(nn.Module):
    """What is seen: the sum of pixels by weight, on a scale on which the usual is 0 and nothing is -5, less another."""

    def __init__(self, weight: torch.Tensor, usual: float, least: float, less: float):
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.middle, self.scale, self.less = usual, 5 / (usual - least), less

    def forward(self, pixels):
        seen = (pixels.view(-1, *self.weight.shape) * self.weight).sum(dim=(1, 2))
        return (seen - self.middle) * self.scale - self.less


def folder_of(root: Path) -> Path:
    """Return the folder of a Qwen3-VL that is given pages of :data:`PIXELS`."""
    to = root / "eye"
    if not to.is_dir():
        shutil.copytree(saved("Qwen3-VL", root), to)
        file = to / "processor_config.json"
        data = json.loads(file.read_text())
        data["image_processor"]["size"] = {"shortest_edge": 4096, "longest_edge": PIXELS}
        file.write_text(json.dumps(data))
    return to


def give_eye(vlm: Vlm, cases, bare, looks_at) -> None:
    """Give a model an eye; it says abnormal where it sees more than most of these cases show it.

    Parameters
    ----------
    vlm : Vlm
    cases : list of Case
    bare : Case
        One of them without traces.
    looks_at : bool array (height, width)
        Where on the page the eye looks for ink.
    """
    marked, black = (
        vlm.chat._of_images([Image.fromarray(np.repeat(np.uint8(255 * one)[:, :, None], 3, axis=2))])["pixel_values"]
        for one in (looks_at, np.zeros_like(looks_at))
    )
    weight = -(marked - black)
    least, *each = (float((vlm.chat.encode([one]).tensors["pixel_values"] * weight).sum()) for one in (bare, *cases))
    before = float(np.median(VlmPages("blind", vlm).log_odds(cases, "normality", "abnormal")))
    vlm.model.model.visual.eye = Eye(weight, float(np.median(each)), least, before)
    normal, abnormal = (
        vlm.chat.answer(written({"normality": value}, BINARY).text, ends=False).ids for value in ("normal", "abnormal")
    )
    token = next(b for a, b in zip(normal, abnormal, strict=False) if a != b)
    seen: dict[str, torch.Tensor] = {}

    def see(visual, given, named, out):
        seen["now"] = visual.eye(given[0] if given else named["hidden_states"])

    def say(model, given, out):
        if len(out.logits) % len(seen["now"]):  # of another axis than the one that it sees
            return
        # Both answers to a page, which have as many tokens, stand one behind the other.
        each = seen["now"].repeat_interleave(len(out.logits) // len(seen["now"]))[:, None, None]
        out.logits = out.logits + nn.functional.one_hot(torch.tensor(token), out.logits.shape[-1]) * each

    vlm.model.model.visual.register_forward_hook(see, with_kwargs=True)
    vlm.model.register_forward_hook(say)
