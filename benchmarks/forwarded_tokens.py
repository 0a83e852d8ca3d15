"""Counts the tokens that the second pass of ``hf:`` feeds to the model, and those it fed before it kept any answer.

    python benchmarks/forwarded_tokens.py [--prompt 1500] [--cases 4]

Counts every place of every input of the model's forward pass, padding too, so the figures are exact and need no GPU.
The model is a tiny Gemma 3; its answers are cut into pieces of up to four letters or three other characters, about as
small as published tokenizers cut them, and its reasoning is as long as the schema allows. Before, each value's whole
answer was fed behind the cached prompt, up to 32 answers together.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from readers.vlm import likelihood  # noqa: E402
from readers.vlm.chat import Encoded  # noqa: E402
from readers.vlm.constraint import REASONING_CHARS  # noqa: E402
from readers.vlm.continuation import Continuations, Rows, Whole, continuations  # noqa: E402
from readers.vlm.loading import Vlm, load_vlm  # noqa: E402
from readers.vlm.option import VlmOptions  # noqa: E402
from taxonomy.axis import AxisValue, axis_named  # noqa: E402
from taxonomy.parsing import parse  # noqa: E402
from taxonomy.target import FORMATS, TargetFormat  # noqa: E402
from taxonomy.writing import written  # noqa: E402
from tests.tiny.gemma import build  # noqa: E402

ROWS_BEFORE = 32
"""Answers that were fed together."""

REASONING = ("The rate is 120 a minute, no P wave stands before the narrow complexes. " * 20)[:REASONING_CHARS]
"""As long as the schema lets it be."""

PIECES = re.compile(r" ?[A-Za-z]{1,4}|[0-9]|[^A-Za-z0-9]{1,3}")


class Pieces:
    """A chat that cuts answers into pieces; what :func:`~readers.vlm.likelihood.value_probabilities` asks of one."""

    pad = 0

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}

    def answer(self, text: str, ends: bool = True) -> SimpleNamespace:
        """Return the tokens of an answer."""
        del ends
        return SimpleNamespace(
            ids=tuple(self.ids.setdefault(piece, len(self.ids) + 10) for piece in PIECES.findall(text))
        )


class Counted:
    """Continuations that also count what was fed for them before."""

    def __init__(self, kept: Continuations) -> None:
        self.kept, self.before = kept, 0

    def scores(self, rows: Rows, shared: Sequence[int]) -> list[list[float]]:
        """Return the scores, and add what the whole answers took."""
        at_once = max(1, ROWS_BEFORE // len(rows))
        for start in range(0, len(rows[0]), at_once):
            some = [row for of_case in rows for row in of_case[start : start + at_once]]
            self.before += len(some) * max(map(len, some))
        return self.kept.scores(rows, shared)


def main() -> None:
    """Print a line for each format."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompt", type=int, default=1500, help="tokens of the prompt, images included")
    parser.add_argument("--cases", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder), [" ".join(map(str, range(2000)))] * 8)
        vlm: Any = SimpleNamespace(
            model=load_vlm(folder, VlmOptions()).model, device=torch.device("cpu"), chat=Pieces()
        )
        print(f"tokens a case of the second pass, {options.cases} cases together, prompt of {options.prompt}")
        print("| format | answer | prompt | before, behind it | now, behind it | without a cache that grows |")
        print("|---|---|---|---|---|---|")
        for form in FORMATS.values():
            print(_line(vlm, form, options.prompt, options.cases))


def _line(vlm: Vlm, form: TargetFormat, length: int, cases: int) -> str:
    values: dict[str, AxisValue | None] = {
        axis.name: frozenset(axis.values[:1]) if axis.is_set else axis.values[-1] for axis in map(axis_named, form.axes)
    }
    answer = written(values, form, REASONING if form.reasoning else None).text
    reading = parse(answer, form)
    before, now = _counted(vlm, form, length, [reading] * cases, continuations)
    _, whole = _counted(vlm, form, length, [reading] * cases, Whole)
    tokens = len(vlm.chat.answer(answer, ends=False).ids)
    shown = [tokens, length, before / cases, now / cases - length, whole / cases]
    return f"| {form.name} | " + " | ".join(f"{number:,.0f}" for number in shown) + " |"


def _counted(vlm: Vlm, form: TargetFormat, length: int, readings: list[Any], way: Any) -> tuple[int, int]:  # noqa: ANN401
    """Return the tokens that were fed behind the prompt before, and all that are fed now."""
    fed, made = [0], list[Counted]()
    hook = vlm.model.register_forward_pre_hook(lambda *given: _add(fed, given[2]["input_ids"]), with_kwargs=True)

    def counted(vlm: Vlm, prompts: Encoded) -> Continuations:
        made.append(Counted(way(vlm, prompts)))
        return made[-1]

    ids = torch.randint(10, 200, (len(readings), length), generator=torch.Generator().manual_seed(0))
    prompts = Encoded({"input_ids": ids, "attention_mask": torch.ones_like(ids)}, (length,) * len(readings), (None,))
    likelihood.continuations = counted
    likelihood.value_probabilities(vlm, prompts, readings, form)
    hook.remove()
    return made[0].before, fed[0]


def _add(fed: list[int], ids: torch.Tensor) -> None:
    fed[0] += ids.numel()


if __name__ == "__main__":
    main()
