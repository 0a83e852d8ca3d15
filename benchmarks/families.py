"""What each family of open models sees of a page, by its own processor at the settings of its published models.

    python benchmarks/families.py [--px-per-mm 6] [--renderer printed]

Pixels to a mm across and down, tokens, the edge of the square of paper that one covers, and the seconds and millivolts
on which its gradient can be told, in each view of the page. No weights are read: the
processors are those of the tests' tiny models, set to the sizes of the models that are named.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import tests.conftest  # noqa: F401  # lets torchvision load beside a torch for processors
from readers.contract import Case, Prompt
from readers.registry import reader
from renderers import PageStyle, Picture, blank
from taxonomy.error import ReaderError
from tests.tiny.published import PUBLISHED, published


def main() -> None:
    """Print a row for each family."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--px-per-mm", type=int, default=6)
    parser.add_argument("--renderer", default="printed")
    asked = parser.parse_args()
    pictures = blank(asked.renderer, PageStyle(px_per_mm=asked.px_per_mm))
    print("| model | px/mm across | down | tokens | mm a token | one token covers |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as root:
        for name, model in PUBLISHED.items():
            asked_of = reader(f"hf:{published(name, Path(root))}")
            page = min(asked_of.each_seen(pictures), key=lambda page: page.px_per_mm)
            tokens, edge = ("none", "") if page.tokens is None else (f"{page.tokens:,}", f"{page.mm_per_token:.1f}")
            said = f"{name} {model.size} | {page.across:.2f} | {page.down:.2f} | {tokens} | {edge}"
            print(f"| {said} | {_covered(asked_of, pictures)} |", flush=True)


def _covered(asked_of: Any, pictures: Sequence[Picture]) -> str:  # noqa: ANN401
    """Return what of the paper one token covers in each view; of some families the tokens cannot be placed."""
    case = Case("", images=tuple(pictures), prompt=Prompt("?"))
    try:
        return "; ".join(map(str, asked_of.page_ink(case, case).token_sizes))
    except ReaderError:
        return ""


if __name__ == "__main__":
    main()
