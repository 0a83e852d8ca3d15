"""Lets torchvision's build for CUDA load beside a torch for processors, as pip gives them to a machine without a GPU.

That build cannot register its operators there. Declared before it is imported, they are known by name, which is all
that image processors need. Python imports this file by itself in processes of the tests that find it on their path.

Decoding a JPEG or PNG needs more than their names: ``WITHOUT_TORCHVISION=1`` hides torchvision from a process that
would decode with it.
"""

import os
import sys
from importlib.machinery import PathFinder

OPERATORS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


class Declaring:
    """Finds torchvision and declares its operators when it is imported, not when it is only looked for."""

    def find_spec(self, name, path=None, target=None):
        """Return what the path holds of torchvision, to be loaded after the declaration."""
        spec = PathFinder.find_spec(name, path) if name == "torchvision" else None
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module
            spec.loader.exec_module = lambda module: (_declare(), load(module))
        return spec


def _declare():
    from importlib.metadata import version

    import torch

    if version("torch").endswith("+cpu") and not version("torchvision").endswith("+cpu"):
        for name, signature in OPERATORS.items():
            torch.library.define(f"torchvision::{name}", signature)


if os.environ.get("WITHOUT_TORCHVISION"):
    sys.modules["torchvision"] = None  # what is None is looked up as absent
elif not any(type(finder).__name__ == "Declaring" for finder in sys.meta_path):
    sys.meta_path.insert(0, Declaring())
