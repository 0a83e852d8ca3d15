"""Lets torchvision's build for CUDA load beside a torch for processors, as pip gives them to a machine without a GPU.

That build cannot register its operators there. Declared before it is imported, they are known by name, which is all
that image processors need. Python imports this file by itself in processes of the tests that find it on their path.
"""

import sys
from importlib.abc import MetaPathFinder
from importlib.metadata import PackageNotFoundError, version

OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


class Declaring(MetaPathFinder):
    """Declares torchvision's operators when torchvision is imported first; finds no module itself."""

    def find_spec(self, name, path=None, target=None):
        """Return None, so that the next finder is asked."""
        if name == "torchvision":
            # By name, for a process may have two: of this file as it begins, and of the tests' conftest.
            sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "Declaring"]
            _declare()
        return None


def _declare():
    import torch

    try:
        builds = version("torch"), version("torchvision")
    except PackageNotFoundError:
        return
    if [build.endswith("+cpu") for build in builds] == [True, False]:
        for operator in OPERATORS:
            torch.library.define(f"torchvision::{operator.partition('(')[0]}", operator[operator.index("(") :])


if __name__ == "sitecustomize":
    sys.meta_path.insert(0, Declaring())
