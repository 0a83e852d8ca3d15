"""What the verdict on each priced model would cost: ``python benchmarks/verdict_price.py [--cases 400]``.

The sums of ``bench ablate --dry-run`` with the core conditions, for every model in the table of prices; nothing is
sent.
A thought is billed as output, and how long it is nobody knows before asking: the columns assume so many tokens of it
before each answer of typical length.
"""

import argparse
from collections.abc import Iterator, Sequence

from bench.dataset import Selection
from bench.evidence.ablation import ablation_of, condition_jobs
from bench.run.options import RunOptions
from bench.view import Question
from readers.api.model import model_table
from readers.api.price import Price, Tokens, price_of
from readers.api.reader import ApiReader
from readers.contract import Case
from readers.registry import reader as reader_named

LOOKED_AT = 2
"""Cases of each condition: their pages are of one size, and their prompts differ by a few numbers."""

THOUGHTS = (0, 1_000, 2_000, 4_000)
"""Tokens of a thought."""

GOAL = 15.0
"""Dollars."""


def shown_cases(count: int) -> dict[str, Sequence[Case]]:
    """Return a few cases of each core condition, as a reader of images and text is shown them."""
    options = RunOptions("openai:gpt-5.4", selection=Selection(limit=count))
    jobs = condition_jobs(options, ablation_of(options))
    return {
        name: [job.cases.case(Question(record)) for record in list(job.cases.cohort)[:LOOKED_AT]]
        for name, job in jobs.items()
    }


def models() -> Iterator[tuple[str, Price]]:
    """Yield every priced model as it is named after ``--reader``."""
    for provider, row in model_table()["providers"].items():
        for model in row["prices"]:
            price = price_of(model)
            assert price is not None
            yield f"{'anthropic' if provider == 'anthropic' else 'openai'}:{model}", price


def tokens_of(model: str, cases: Sequence[Case]) -> tuple[float, float]:
    """Return the mean tokens of a request, and of an answer without a thought."""
    reader = reader_named(model)
    assert isinstance(reader, ApiReader)
    found = [reader.estimate(case) for case in cases]
    return sum(one.input_tokens for one in found) / len(found), sum(one.output_tokens for one in found) / len(found)


def dollars(model: str, price: Price, shown: dict[str, Sequence[Case]], count: int) -> list[float]:
    """Return what the verdict costs with each of the thoughts."""
    each = [tokens_of(model, cases) for cases in shown.values()]
    return [
        sum(count * price.cost(Tokens(round(sent), round(written) + thought)) for sent, written in each)
        for thought in THOUGHTS
    ]


def main() -> None:
    """Print the table, the cheapest first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=400)
    count = parser.parse_args().cases
    shown = shown_cases(count)
    rows = sorted((dollars(name, price, shown, count), price.batch, name) for name, price in models())
    print("| model | " + " | ".join(f"{thought:,}" for thought in THOUGHTS) + f" | in batches, {THOUGHTS[-1]:,} |")
    print("|---" * (len(THOUGHTS) + 2) + "|")
    for sums, batch, name in rows:
        print(f"| {name} | " + " | ".join(f"{one:,.2f}" for one in sums) + f" | {sums[-1] * batch:,.2f} |")
    for place, thought in enumerate(THOUGHTS):
        under = sum(sums[place] < GOAL for sums, _, _ in rows)
        print(f"thoughts of {thought:,} tokens: under {GOAL:.0f} dollars for {under} of {len(rows)} models")


if __name__ == "__main__":
    main()
