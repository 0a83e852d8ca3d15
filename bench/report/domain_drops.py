"""The parts of a domain study's page that judge drops: by class, rare against common, label noise against shift."""

from collections.abc import Iterator, Sequence

from bench.domains.domain import HELD_OUT, INTRA
from bench.domains.paired import AXIS, CLASS, SCORE
from bench.domains.result import Change, DomainDrop, DomainStudy
from bench.report.domain_words import LONGEST_NAME, name_of, reasons, share, signed
from bench.report.table import chance, markdown_table, number, percent, quoted

HOW_DROPS = (
    "The same records, answered once by a network that was taught other patients of their source and once by one that "
    "was not taught their source. *drop*: the first less the second (of the calibration error the second less the "
    "first), so that more than 0 is worse away, with the interval of the paired difference. Each fold is answered on "
    "either side by a network of its own. The interval is over patients and over networks: the variance of the one and "
    "that of the folds are summed (Student's t; the networks' part after Nadeau and Bengio 2003, since they share "
    "training records). p follows the same variance, or is that of swapping patients where that is greater, corrected "
    "by Holm's method over the classes of a domain, over its axes, and over its scores: of each of these tables one in "
    "twenty has a false verdict at most. *could have shown*: "
    "the drop that so many records show in four of five tries at the first of Holm's levels: less than that can be "
    "there unseen. More folds show smaller ones. The training records stand above the table."
)
HOW_GROUPS = (
    "The rarer half of the classes against the others, by their share of positives; the mean of their drops. Joined "
    "classes are left out, since their parts are there."
)
HOW_NOISE = (
    "The same answers judged by labels mapped strictly (what is not said is unlabelled) and leniently (what is not "
    "said is absent). *goes*: what of the strict drop is not there by lenient labels, with Fieller's interval. It is "
    "called label noise where more than half of the drop goes, shift where more than half of it stays, each by the "
    "whole interval; of a drop that is not shown nothing can be told: one is shown that the table of drops calls so."
)


DROP_HEADINGS = ("", "n", "positives", INTRA, HELD_OUT, "drop [95%]", "p", "in words")


def drops(study: DomainStudy) -> Iterator[str]:
    """Yield the drops of every arm and domain."""
    if not study.drops:
        return
    yield "## Drop from intra-source to leave-one-out"
    yield HOW_DROPS
    for one in study.drops:
        yield f"### {name_of(one.arm)}: {name_of(one.domain)}"
        yield _sizes(one)
        kinds = {SCORE: "score", AXIS: "kappa on", CLASS: "AUROC of"}
        for kind, said in kinds.items():
            own = [change for change in one.changes if change.kind == kind]
            rows = [_change_row(change) for change in own if change.drop.value is not None]
            if rows:
                yield markdown_table((said, *DROP_HEADINGS[1:]), rows)
            withheld = [(change.name, change.drop.withheld) for change in own if change.drop.value is None]
            if withheld:
                yield f"Withheld, {said}: {reasons(withheld)}."


def _change_row(one: Change) -> tuple[str, ...]:
    positives = f"{one.positives:,}" if one.kind == CLASS else "-"
    values = number(one.home), number(one.away), signed(one.drop)
    return one.name, f"{one.n:,}", positives, *values, chance(one.p_holm), one.says


def _sizes(one: DomainDrop) -> str:
    def taught(said: str, sizes: "Sequence[tuple[str, float]]") -> str:
        told = ", ".join(f"{name_of(name)} {n:,.0f}" for name, n in sizes)
        return f"{said}: {told or 'not told'}"

    left = [
        f"{one.left_out:,} left out since a call failed" if one.left_out else "",
        f"{one.contaminated:,} left out since a reader was taught them" if one.contaminated else "",
    ]
    records = ", ".join(filter(None, (f"{one.n:,} records of {one.patients:,} patients", *left)))
    sizes = [
        taught("training records intra-source", tuple(one.taught_home.items())),
        taught("leave-one-out", tuple(one.taught_away.items())),
    ]
    return f"{records}; {'; '.join(sizes)}."


def groups(study: DomainStudy) -> Iterator[str]:
    """Yield the rarer half of the classes against the others."""
    if not study.drops:
        return
    yield "## Rare and common classes"
    yield HOW_GROUPS
    headings = ("arm", "domain", "by their share in", "rare", "drop", "common", "drop", "rare minus common", "in words")
    rows = []
    for one in study.drops:
        arm, name, held = quoted(one.arm, LONGEST_NAME), quoted(one.domain, LONGEST_NAME), one.groups
        if held is None:
            rows.append((arm, name, "-", "-", "-", "-", "-", "-", "withheld: fewer than two classes have a drop"))
            continue
        shares = [
            ", ".join(f"{known} {percent(held.frequency[known])}" for known in group)
            for group in (held.rare, held.common)
        ]
        told = signed(held.rare_drop), signed(held.common_drop), signed(held.difference)
        rows.append((arm, name, held.by, shares[0], told[0], shares[1], told[1], told[2], held.says))
    yield markdown_table(headings, rows)


def noise(study: DomainStudy) -> Iterator[str]:
    """Yield what of each drop goes with lenient labels."""
    rows = [
        (
            quoted(one.arm, LONGEST_NAME),
            quoted(one.domain, LONGEST_NAME),
            found.name,
            f"{found.strict_positives:,}, {found.lenient_positives:,}",
            signed(found.strict),
            signed(found.lenient),
            signed(found.difference),
            share(found.part),
            found.says,
        )
        for one in study.drops
        for found in one.noise
    ]
    if not study.drops:
        return
    yield "## Label noise and shift"
    if not rows:
        yield "No class has a drop by strict and by lenient labels, or the labels have no lenient mapping."
        return
    yield HOW_NOISE
    headings = ("arm", "domain", "class", "positives", "strict", "lenient", "strict minus lenient", "goes", "in words")
    yield markdown_table(headings, rows)
