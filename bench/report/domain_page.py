"""The page of a domain study: figures, drops, rare classes, label noise, the Challenge's score, and the domains."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.domains.challenge_score import challenge_table, published_scores
from bench.domains.domain_class import domain_classes
from bench.domains.paired import CLASS
from bench.domains.result import POOLED, Cell, Described, DomainStudy
from bench.report.domain_drops import drops, groups, noise
from bench.report.domain_plot import FEWEST_PAIRS, auroc_plot, calibration_plot, class_plot, drop_plot, rare_plot
from bench.report.domain_words import LONGEST_NAME, MARK, figure, listed, name_of, reasons
from bench.report.plot import save
from bench.report.table import markdown_table, number, page, percent, plain, quoted
from bench.storage import as_json, write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

HOW = (
    "*intra-source*: taught other patients of the same domain, cross-validated; *leave-one-out*: taught the other "
    "domains; *zero-shot*: taught elsewhere. *AUROC*: mean over the single classes with ten positives and ten "
    "negatives, their number in brackets. *kappa*: mean over rhythm, conduction, ischemia, other findings and "
    "diagnosis, as far as they are labelled. *macro-F1*: over the labels that occur. *Challenge*: the normalised score "
    "of the PhysioNet/CinC Challenge 2021. *calibration*: expected calibration error over all pairs of a record and a "
    "class that has a negative. Intervals of 95%: areas by DeLong's method, clustered by patient; everything else by "
    "bootstrap over patients. What this project measured itself is no label of a hospital: such a rate is not scored."
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
        f"# Domain shift: {listed(study.arms)} on {len(domains)} domain{'s' * (len(domains) != 1)}",
        "Phantoms, simulated ECGs of known truth: no result on patients." if study.is_simulated else "",
        *_summary(study),
        *(f"![{said}](pictures/{name})" for name, said in (pictures or {}).items()),
        "## Every arm, protocol and domain",
        markdown_table(GLANCE, [glance_row(cell) for cell in study.cells]),
        HOW,
        _contaminated(study),
        "## Positives in every domain",
        _positives(study.domains),
        *drops(study),
        *groups(study),
        *noise(study),
        *_challenge(study),
        *(part for name in study.names for part in _domain(study, name)),
        "## The domains",
        *(part for one in study.domains for part in _described(one)),
        *_particulars(study.domains),
        f"{study.draws:,} resamples of the patients, seed {study.seed}.",
    ]
    return page([part for part in parts if part])


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
        elif untold := [
            one for own in found for one in own.changes if one.kind == CLASS and one.drop.value is not None
        ]:
            why = dict.fromkeys(one.drop.withheld for one in untold)
            lines.append(f"- {name_of(arm)}: no drop is told: {'; '.join(why)}.")
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
        yield f"AUROC withheld: {reasons(withheld)}."
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
        yield f"### The dataset of {listed([one.domain for one in held])}"
        yield markdown_table(("", ""), [(name, quoted(value)) for name, value in said])
