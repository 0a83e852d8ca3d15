"""The page of a domain study: figures, drops, rare classes, label noise, the Challenge's score, and the domains."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.domains.challenge_score import challenge_table, published_scores
from bench.domains.domain import HELD_OUT, INTRA, PROTOCOLS
from bench.domains.domain_class import domain_classes
from bench.domains.linear import NO_POSITIVE
from bench.domains.paired import AXIS, CLASS, SCORE
from bench.domains.result import POOLED, Cell, Change, Described, DomainDrop, DomainStudy, Figure
from bench.report.domain_plot import FEWEST_PAIRS, auroc_plot, calibration_plot, class_plot, drop_plot, rare_plot
from bench.report.plot import save
from bench.report.table import chance, harmless, markdown_table, number, page, percent, plain, quoted, terminal_table
from bench.storage import as_json, write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture
    from rich.table import Table

LONGEST_NAME = 60
"""Letters of a domain's or an arm's name that are shown."""

MARK = "†"
"""Of figures on records that the reader was taught."""

HOW = (
    "*intra-source*: taught other patients of the same domain, cross-validated; *leave-one-out*: taught every other "
    "domain; *zero-shot*: taught elsewhere. *AUROC*: mean over the single classes with ten positives and ten "
    "negatives, their number in brackets. *kappa*: mean over rhythm, conduction, ischemia, other findings and "
    "diagnosis, as far as they are labelled. *macro-F1*: over the labels that occur. *Challenge*: the normalised score "
    "of the PhysioNet/CinC Challenge 2021. *calibration*: expected calibration error over all pairs of a record and a "
    "class that has a negative. Intervals of 95%: areas by DeLong's method, clustered by patient; everything else by "
    "bootstrap over patients. What this project measured itself is no label of a hospital: such a rate is not scored."
)
HOW_DROPS = (
    "The same records, answered once by a network that was taught other patients of their source and once by one that "
    "was not taught their source. *drop*: the first less the second (of the calibration error the second less the "
    "first), so that more than 0 is worse away, with the interval of the paired difference, over patients. p is "
    "corrected by Holm's method over the classes of a domain, over its axes, and over its scores. *could have shown*: "
    "the drop that so many records show in four of five tries at the first of Holm's levels: less than that can be "
    "there unseen. Nothing is corrected for the number of training records, which stand above the table."
)
HOW_GROUPS = (
    "The rarer half of the classes against the others, by their share of positives; the mean of their drops. Joined "
    "classes are left out, since their parts are there."
)
HOW_NOISE = (
    "The same answers judged by labels mapped strictly (what is not said is unlabelled) and leniently (what is not "
    "said is absent). *goes*: what of the strict drop is not there by lenient labels, with Fieller's interval. It is "
    "called label noise where more than half of the drop goes, shift where more than half of it stays, each by the "
    "whole interval; of a drop that is not shown nothing can be told. p of the strict drop is that of the class alone."
)


def write_domains(folder: Path, study: DomainStudy) -> Path:
    """Write ``page.md``, ``study.json`` and the pictures, and return the page's path.

    Raises
    ------
    taxonomy.error.StorageError
        When the folder cannot be written.
    """
    pictures = _pictures(study)
    for name, (_, picture) in pictures.items():
        save(picture, folder / "pictures" / name)
    write_whole(folder / "study.json", as_json(study.to_json()))
    return write_whole(folder / "page.md", domain_page(study, {name: said for name, (said, _) in pictures.items()}))


def _pictures(study: DomainStudy) -> dict[str, tuple[str, "Picture"]]:
    """Return what there is to draw, by file name, with what it shows in words."""
    found: dict[str, tuple[str, Picture | None]] = {
        "auroc.png": ("Mean AUROC by domain and protocol", auroc_plot(study)),
        "classes.png": ("AUROC by class and protocol", class_plot(study)),
        "drops.png": ("Drop from intra-source to leave-one-out by class and domain", drop_plot(study)),
        "rare.png": ("Drop of rare and of common classes", rare_plot(study)),
        "calibration.png": (
            f"Probability against share of positives, bins of {FEWEST_PAIRS} pairs or more",
            calibration_plot(study),
        ),
    }
    return {name: (said, picture) for name, (said, picture) in found.items() if picture is not None}


def domain_page(study: DomainStudy, pictures: "dict[str, str] | None" = None) -> str:
    """Return the page as Markdown, with these pictures by file name."""
    domains = [one.domain for one in study.domains]
    parts = [
        f"# Domain shift: {_listed(study.arms)} on {len(domains)} domain{'s' * (len(domains) != 1)}",
        "Phantoms, simulated ECGs of known truth: no result on patients." if study.is_simulated else "",
        *_summary(study),
        *(f"![{said}](pictures/{name})" for name, said in (pictures or {}).items()),
        "## Every arm, protocol and domain",
        markdown_table(GLANCE, [glance_row(cell) for cell in study.cells]),
        HOW,
        _contaminated(study),
        "## Positives in every domain",
        _positives(study.domains),
        *_drops(study),
        *_groups(study),
        *_noise(study),
        *_challenge(study),
        *(part for name in _names(study) for part in _domain(study, name)),
        "## The domains",
        *(part for one in study.domains for part in _described(one)),
        *_particulars(study.domains),
        f"{study.draws:,} resamples of the patients, seed {study.seed}.",
    ]
    return page([part for part in parts if part])


def domain_table(study: DomainStudy) -> "Table":
    """Return the mean AUROC of every arm and domain, with the drop, for a terminal of 80 columns."""
    headings = ("domain", "n", "intra", "held out", "drop [95%]", "zero-shot")
    rows: list[tuple[str, ...]] = []
    for arm in study.arms:
        if len(study.arms) > 1:
            rows.append((harmless(arm)[:30], *[""] * (len(headings) - 1)))
        rows += [_short_row(study, arm, name) for name in _names(study) if _of(study, arm, name)]
    title = "Mean AUROC" + (f" of {harmless(study.arms[0])[:30]}" if len(study.arms) == 1 else "")
    return terminal_table(headings, rows, title=title, left=("domain",))


def _short_row(study: DomainStudy, arm: str, name: str) -> tuple[str, ...]:
    cells = [study.cell(arm, protocol, name) for protocol in PROTOCOLS]
    mean = next((one.drop for one in _changes(study, arm, name) if one.name == "mean AUROC"), Figure(None))
    n = max(cell.n for cell in cells if cell)
    return harmless(name)[:21], str(n), *map(_short, cells[:2]), signed(mean, 2), _short(cells[2])


def _short(cell: Cell | None) -> str:
    return "-" if cell is None else number(cell.auroc.value) + ("*" if cell.contaminated else "")


def _changes(study: DomainStudy, arm: str, name: str) -> Sequence[Change]:
    return next((one.changes for one in study.drops if (one.arm, one.domain) == (arm, name)), ())


def _of(study: DomainStudy, arm: str, name: str) -> list[Cell]:
    return [cell for cell in study.cells if (cell.arm, cell.domain) == (arm, name)]


def _names(study: DomainStudy) -> list[str]:
    return list(dict.fromkeys(cell.domain for cell in study.cells))


def name_of(text: str) -> str:
    """Return a stranger's name as Markdown shows it, and obeys nothing in it."""
    return plain(quoted(text, LONGEST_NAME)).replace("#", "\\#").replace("_", "\\_").replace("!", "\\!")


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(map(name_of, names[:-1])), name_of(names[-1]))))


def figure(found: Figure, digits: int = 3) -> str:
    """Return a figure with its interval, or why it is withheld."""
    if found.value is None:
        return f"- ({found.withheld})" if found.withheld else "-"
    said = f"{found.value:.{digits}f}"
    if found.interval:
        return f"{said} [{found.interval[0]:.{digits}f}, {found.interval[1]:.{digits}f}]"
    return f"{said} ({found.withheld})" if found.withheld else said


def signed(found: Figure, digits: int = 3) -> str:
    """Return a difference with its interval, ``-`` for none."""
    if found.value is None:
        return "-"
    said = f"{found.value:+.{digits}f}"
    if not found.interval:
        return said
    return f"{said} [{found.interval[0]:+.{digits}f}, {found.interval[1]:+.{digits}f}]"


GLANCE = (
    "arm", "domain", "protocol", "n", "patients", "taught", "AUROC", "kappa", "macro-F1", "Challenge", "calibration",
)  # fmt: skip


def glance_row(cell: Cell) -> tuple[str, ...]:
    """Return the row of one cell, in the order of :data:`GLANCE`."""
    classes = f" ({cell.auroc_classes})" if cell.auroc_classes else ""
    return (
        quoted(cell.arm, LONGEST_NAME),
        quoted(cell.domain, LONGEST_NAME),
        cell.protocol + (f" {MARK}" if cell.contaminated else ""),
        f"{cell.n:,}" + (f" ({cell.left_out:,} failed)" if cell.left_out else ""),
        f"{cell.patients:,}",
        f"{sum(cell.taught.values()):,.0f}" if cell.taught else "-",
        figure(cell.auroc) + classes,
        figure(cell.kappa, 2),
        figure(cell.macro_f1, 2),
        figure(cell.challenge, 2),
        figure(cell.calibration),
    )


def _contaminated(study: DomainStudy) -> str:
    marked = [cell for cell in study.cells if cell.contaminated]
    if not marked:
        return ""
    lines = [
        f"- {MARK} {name_of(cell.arm)}, {name_of(cell.domain)}, {cell.protocol}: {cell.contaminated:,} of {cell.n:,} "
        "records were taught to this reader. These figures are none of a foreign domain; drops leave those records out."
        for cell in marked
    ]
    return "\n".join(lines)


def _summary(study: DomainStudy) -> Iterator[str]:
    lines = []
    for arm in study.arms:
        found = [one for one in study.drops if one.arm == arm]
        own = [one for one in found if one.domain != POOLED] or found
        told = [change for one in own for change in one.changes if change.kind == CLASS and change.p_holm is not None]
        if told:
            counts = [sum(change.says == said for change in told) for said in ("drops", "gains")]
            rest = len(told) - sum(counts)
            lines.append(
                f"- {name_of(arm)}: of {len(told)} pairs of a class and a domain that can be tested {counts[0]} drop "
                f"from intra-source to leave-one-out, {counts[1]} gain, and in {rest} no drop is shown."
            )
        elif found:
            lines.append(f"- {name_of(arm)}: no class of any domain has enough positives for a drop to be tested.")
        else:
            lines.append(
                f"- {name_of(arm)}: answers of one protocol only, so that no drop can be told: figures as they are."
            )
    yield "\n".join(lines)


def _positives(domains: Sequence[Described]) -> str:
    names = [one.name for one in domain_classes() if any(one.name in held.frequencies for held in domains)]
    headings = ("class", *(f"{name_of(one.domain)} ({one.n:,})" for one in domains))
    rows = [(name, *(f"{one.frequencies.get(name, 0):,}" for one in domains)) for name in names]
    return markdown_table(headings, rows) if rows else "No record has a positive of any class."


DROP_HEADINGS = ("", "n", "positives", INTRA, HELD_OUT, "drop [95%]", "p", "in words")


def _drops(study: DomainStudy) -> Iterator[str]:
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
                yield f"Withheld, {said}: {_reasons(withheld)}."


def _reasons(withheld: Sequence[tuple[str, str]]) -> str:
    """Return what is withheld by reason, those of one reason together."""
    found: dict[str, list[str]] = {}
    for name, reason in withheld:
        found.setdefault(reason, []).append(name)
    listed = [f"{', '.join(names)} ({reason})" for reason, names in found.items() if reason != NO_POSITIVE]
    missing = len(found.get(NO_POSITIVE, ()))
    return plain("; ".join([*listed, *([f"{missing} classes without a positive"] if missing else [])]))


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


def _groups(study: DomainStudy) -> Iterator[str]:
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
        drops = signed(held.rare_drop), signed(held.common_drop), signed(held.difference)
        rows.append((arm, name, held.by, shares[0], drops[0], shares[1], drops[1], drops[2], held.says))
    yield markdown_table(headings, rows)


def _noise(study: DomainStudy) -> Iterator[str]:
    rows = [
        (
            quoted(one.arm, LONGEST_NAME),
            quoted(one.domain, LONGEST_NAME),
            found.name,
            f"{found.strict_positives:,}, {found.lenient_positives:,}",
            signed(found.strict),
            signed(found.lenient),
            signed(found.difference),
            _share(found.part),
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


def _share(found: Figure) -> str:
    if found.value is None or found.interval is None:
        return "-"
    return f"{percent(found.value)} [{percent(found.interval[0])}, {percent(found.interval[1])}]"


def _challenge(study: DomainStudy) -> Iterator[str]:
    yield "## The Challenge's normalised score"
    rows = [
        (
            quoted(cell.arm, LONGEST_NAME),
            quoted(cell.domain, LONGEST_NAME),
            cell.protocol,
            f"{cell.n:,}",
            figure(cell.challenge, 3),
            number(cell.reachable),
        )
        for cell in study.cells
    ]
    yield markdown_table(("arm", "domain", "protocol", "n", "score [95%]", "reachable"), rows)
    unsaid = dict.fromkeys(said for cell in study.cells for said in cell.unsaid)
    yield (
        "Exact labels are 1, sinus rhythm for everyone is 0. *reachable*: an answer that names every scored label for "
        "which there are words, and nothing else. "
        + (f"Never predicted by some arm or all: {plain('; '.join(unsaid))}. " if unsaid else "")
        + plain(challenge_table().source)
    )
    found = published_scores()
    yield markdown_table(("published, on other records", "score"), [(one.where, f"{one.score:.2f}") for one in found])
    yield f"Source: {plain(found[0].source)}. Hidden records: these figures and those above are of other ECGs."


def _domain(study: DomainStudy, name: str) -> Iterator[str]:
    cells = [cell for cell in study.cells if cell.domain == name]
    yield f"## Figures: {name_of(name)}"
    columns = [f"{name_of(cell.arm)}, {cell.protocol}{f' {MARK}' if cell.contaminated else ''}" for cell in cells]
    rows, withheld = [], []
    for k, first in enumerate(cells[0].classes):
        own = [cell.classes[k] for cell in cells]
        if all(one.auroc.value is None for one in own):
            withheld.append((first.name, first.auroc.withheld))
            continue
        n, positives = max(one.n for one in own), max(one.positives for one in own)
        rows.append((first.name, f"{n:,}", f"{positives:,}", *(figure(one.auroc) for one in own)))
    if rows:
        yield markdown_table(("AUROC of", "n", "positives", *columns), rows)
    if withheld:
        yield f"AUROC withheld: {_reasons(withheld)}."
    calibrated = [
        (
            first.name,
            f"{percent(first.positives / first.n)}",
            *(
                f"{percent(one.mean_chance)}, {number(one.calibration_error)}"
                for one in (cell.classes[k] for cell in cells)
            ),
        )
        for k, first in enumerate(cells[0].classes)
        if first.positives and any(cell.classes[k].mean_chance is not None for cell in cells)
    ]
    if calibrated:
        yield markdown_table(("mean probability, calibration error", "positives", *columns), calibrated)
    axes = list(dict.fromkeys(axis.axis for cell in cells for axis in cell.axes))
    held = [{axis.axis: axis for axis in cell.axes} for cell in cells]
    kappas = [
        (
            axis,
            f"{max((own[axis].n for own in held if axis in own), default=0):,}",
            *(f"{figure(own[axis].kappa, 2)}, {number(own[axis].macro_f1)}" if axis in own else "-" for own in held),
        )
        for axis in axes
    ]
    if kappas:
        yield markdown_table(("kappa, macro-F1 on", "n", *columns), kappas)


def _described(one: Described) -> Iterator[str]:
    yield f"### {name_of(one.domain)}"
    labelled = ", ".join(f"{axis} {n:,}" for axis, n in one.labelled.items())
    facts = {"dataset": one.dataset, "records": f"{one.n:,}", **one.facts, "labelled": labelled}
    yield markdown_table(("", ""), [(name, quoted(said)) for name, said in facts.items()])


def _particulars(domains: Sequence[Described]) -> Iterator[str]:
    """Yield what every dataset says of itself, once for all its domains."""
    told: dict[tuple[tuple[str, str], ...], list[Described]] = {}
    for one in domains:
        if one.particulars:
            told.setdefault(tuple(one.particulars.items()), []).append(one)
    for said, held in told.items():
        yield f"### The dataset of {_listed([one.domain for one in held])}"
        yield markdown_table(("", ""), [(name, quoted(value)) for name, value in said])
