"""Which concepts the answers of a network rest on, as parts of a page."""

from collections import Counter
from collections.abc import Sequence

from bench.explain.concepts.concept_study import ConceptTable
from bench.explain.concepts.concept_vector import LEAST_AREA, ConceptUse
from bench.report.explain_figure import whole_share
from bench.report.table import chance, markdown_table, plain, quoted

HEADINGS = (
    "answer", "concept", "patients", "held-out area", "score [95%]", "strength", "random", "controls", "p (Holm)",
    "rests on it",
)  # fmt: skip

HOW = """Concept activation vectors (Kim et al. 2018) at layer `{layer}`, fitted to {fitted:,} training records. An
answer rests on a concept (`for`, `against`) only where it beats random vectors and the control concepts; *control*: a
property of the patient on which no answer should rest.

- `held-out area`: how well the layer tells patients with the concept from those without, in whom the vector was not
  fitted; under {least:g} the layer does not hold the concept and nothing is said of its use.
- `score`: share of the recordings with the answer whose log-odds rise with the concept, its interval over patients, for
  the vectors that were drawn. It is far from one half by chance alone, so that `strength`, the mean cosine of vector
  and gradient, stands beside that of vectors of random labels (`random`) and of the control concepts.
- `p (Holm)`: the largest p of these comparisons, corrected over all rows that could be tested."""

ABSENT = "not in this layer"

MOST_NAMED = 4
"""Answers or concepts that are named of rows that show nothing."""


def fired_controls(found: ConceptTable) -> tuple[ConceptUse, ...]:
    """Return the control concepts on which an answer rests."""
    return tuple(use for use in found.uses if use.is_control and _rests(use))


def concept_parts(found: ConceptTable) -> list[str]:
    """Return which controls fired, the concepts on which answers rest, why they do not on others, and the columns."""
    how = HOW.format(layer=plain(quoted(found.layer, 80)), fitted=found.fitted, least=LEAST_AREA)
    rest = [use for use in by_answer(found) if _rests(use)]
    told = markdown_table(HEADINGS, [_cells(use) for use in rest]) if rest else "No answer rests on a concept."
    return [how, controls_said(found), told, *_others(found)]


def _others(found: ConceptTable) -> list[str]:
    """Return in a list how many rows show nothing, why, and of which concepts and answers they are."""
    groups: dict[str, list[ConceptUse]] = {}
    for use in found.uses:
        if not _rests(use):
            groups.setdefault(_why_not(use), []).append(use)
    if not groups:
        return []
    lines = [
        f"- {len(uses)}: {plain(quoted(why))}: {_named([use.concept for use in uses])}; answers "
        f"{_named([answer_of(use) for use in uses])}."
        for why, uses in sorted(groups.items(), key=lambda group: -len(group[1]))
    ]
    count = sum(map(len, groups.values()))
    return [
        f"{count} of {len(found.uses)} rows show nothing (their figures are in `explain.json`):\n\n" + "\n".join(lines)
    ]


def _why_not(use: ConceptUse) -> str:
    """Return why an answer is not said to rest on a concept, without figures, which differ in each row."""
    if use.use == ABSENT:
        return f"the layer does not hold the concept (an area under {LEAST_AREA:g})"
    return use_said(use) if is_tested(use) else use.why or use.use


def _named(names: Sequence[str]) -> str:
    """Return the names, each once, the commonest first, so many at most."""
    counts = Counter(names)
    named = [name for name, _ in counts.most_common(MOST_NAMED)]
    more = f" and {len(counts) - MOST_NAMED} more" if len(counts) > MOST_NAMED else ""
    return plain(quoted(", ".join(named))) + more


def _rests(use: ConceptUse) -> bool:
    return use.use in {"for", "against"}


def controls_said(found: ConceptTable) -> str:
    """Return in a sentence which controls fired."""
    controls = [use for use in found.uses if use.is_control]
    tried = [use for use in controls if is_tested(use)]
    fired = fired_controls(found)
    if not tried:
        return f"No control could be tested ({len(controls)} rows): too few patients, or the layer does not hold them."
    if not fired:
        return f"None of {len(tried)} control rows that could be tested fired."
    said = "; ".join(f"{use.concept} ({use.use} {answer_of(use)})" for use in fired)
    return f"**{len(fired)} of {len(tried)} control rows that could be tested fired**: {plain(quoted(said))}."


def is_tested(use: ConceptUse) -> bool:
    """Tell whether there were patients enough, and the layer holds the concept, so that its use could be tested."""
    return use.p_holm is not None


def by_answer(found: ConceptTable) -> list[ConceptUse]:
    """Return the rows of each answer together, answers and concepts in the order in which they come."""
    answers = list(dict.fromkeys(map(answer_of, found.uses)))
    return sorted(found.uses, key=lambda use: answers.index(answer_of(use)))


def answer_of(use: ConceptUse) -> str:
    """Return the answer whose concept it is, such as ``conduction lbbb``."""
    return f"{use.head} {use.value}"


def use_said(use: ConceptUse) -> str:
    """Return whether the answer rests on the concept, and why not."""
    return use.use if _rests(use) or not use.why else quoted(f"{use.use}: {use.why}")


def _cells(use: ConceptUse) -> tuple[str, ...]:
    return (
        quoted(answer_of(use), 80),
        quoted(use.concept, 60) + (" (control)" if use.is_control else ""),
        f"{use.patients[0]} / {use.patients[1]}",
        _number(use.area),
        whole_share(use.score),
        _signed(use.strength),
        _number(use.random),
        quoted(", ".join(f"{name} {value:.2f}" for name, value in (use.control or {}).items())) or "-",
        chance(use.p_holm),
        use_said(use),
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"


def resting(found: ConceptTable) -> Sequence[ConceptUse]:
    """Return the concepts, controls left out, on which an answer rests."""
    return [use for use in found.uses if not use.is_control and _rests(use)]
