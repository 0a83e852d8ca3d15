"""The whole site: every page from what ``bench leaderboard`` wrote and from runs of one's own."""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from markupsafe import Markup

from bench.dataset import Dataset
from bench.progress import SILENT, Observer
from bench.report.leaderboard_page import UNLIKE_REAL
from bench.report.model_card import CardRun, check_same_reader, model_card
from bench.report.score_page import shown_axes
from bench.report.standing import STANDING, agreed, standing_row
from bench.web.site.credit import STATEMENTS, credit_of
from bench.web.site.drawn import Scale, kappa_scale, masthead_trace
from bench.web.site.entry import KINDS, Entry, SiteReader, SiteTable, readers_of
from bench.web.site.folder import check_folder, write_site
from bench.web.site.gallery import Gallery, gallery, gallery_dataset
from bench.web.site.prose import Picture, headline, prose
from bench.web.site.rerun import rerun_command, rerun_notes
from bench.web.site.source import leaderboard_tables, own_tables
from bench.web.site.study import Study, matched, shown, studies_in
from bench.web.site.template import page
from readers.registry import installed_readers
from taxonomy.axis import AXES, AXIS_NAMES
from taxonomy.axis import VERSION as TAXONOMY_VERSION
from taxonomy.error import BenchError, SettingError

CASES = 24
"""Cases of each gallery."""

MOST_PAIRS = 20
"""Others beside whom a reader's page tells a difference; the nearest ones."""

BUILT_IN_CARD = "model_card.md"

NO_PHANTOMS = "its records are recordings, which are not shown of submissions"


@dataclass(frozen=True)
class SiteOptions:
    """What a site is made from.

    Attributes
    ----------
    results : Path or None
        The results folder; None for a site of one's own runs alone.
    runs : tuple of Path
        Folders of runs and of what ``ablate``, ``probe`` and ``explain`` wrote.
    dataset : Dataset or None
        Whose recordings the gallery of one's own runs, and what ``explain`` found, may show.
    cases : int
        Cases of each gallery at most; 0 for no galleries.
    """

    results: Path | None
    runs: tuple[Path, ...] = ()
    dataset: Dataset | None = None
    cases: int = CASES


@dataclass(frozen=True)
class Built:
    """A site that was made.

    Attributes
    ----------
    pages, pictures, size : int
        HTML pages and PNG pictures, and all bytes.
    entries : int
    of_recordings : tuple of str
        Titles of the galleries and reports that may show recordings.
    left : tuple of str
        A sentence on everything that was left out.
    """

    pages: int
    pictures: int
    size: int
    entries: int
    of_recordings: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Site:
    """What all pages share."""

    tables: tuple[SiteTable, ...]
    readers: tuple[SiteReader, ...]
    galleries: Mapping[str, Gallery]
    studies: Mapping[str, Sequence[Study]]
    credits: Mapping[str, str]

    @property
    def slugs(self) -> dict[str, str]:
        """The page of each entry's reader by the entry's key."""
        return {entry.key: reader.slug for reader in self.readers for _, entry in reader.places}


def build_site(folder: Path, options: SiteOptions, observer: Observer = SILENT) -> Built:
    """Make a site.

    Parameters
    ----------
    folder : Path
        Empty, missing, or a site that was made before.
    options : SiteOptions
    observer : Observer

    Raises
    ------
    taxonomy.error.BenchError
        When the folder holds something else, the leaderboard or a submission cannot be used, or nothing is to be shown.
    """
    check_folder(folder)
    site, left = _site(options, observer)
    pages = site_pages(site, dict(_without(site, options)))
    write_site(folder, pages)
    sizes = {name: len(content.encode() if isinstance(content, str) else content) for name, content in pages.items()}
    return Built(
        pages=sum(name.endswith(".html") for name in pages),
        pictures=sum(name.endswith(".png") for name in pages),
        size=sum(sizes.values()),
        entries=sum(len(table.entries) for table in site.tables),
        of_recordings=tuple(_of_recordings(site)),
        left=left,
    )


def _site(options: SiteOptions, observer: Observer) -> tuple[Site, tuple[str, ...]]:
    tables = list(leaderboard_tables(options.results)) if options.results else []
    studies: list[Study] = []
    left: list[str] = []
    for runs in options.runs:
        if not runs.is_dir():
            raise SettingError(f"--runs {runs} is no folder: name one that holds run folders, such as runs")
        own, left_runs = own_tables(runs, {entry.key for table in tables for entry in table.entries})
        found, left_studies = studies_in(runs)
        tables += own
        studies += found
        left += [*left_runs, *left_studies]
    tables = _joined(tables)
    if options.runs and not tables:
        raise SettingError(f"{', '.join(map(str, options.runs))} holds no scored run: 'bench run' makes one")
    readers = readers_of(tables)
    studies, hidden = shown(studies, options.dataset)
    of_reader, unmatched = matched(studies, readers)
    galleries, failed = _galleries(tables, options, observer)
    names = {table.dataset for table in tables} | {study.dataset for study in studies if study.dataset}
    credits = {name: credit_of(name, options.dataset) for name in sorted(names)}
    return Site(tuple(tables), readers, galleries, of_reader, credits), (*left, *hidden, *unmatched, *failed)


def _joined(tables: Iterable[SiteTable]) -> list[SiteTable]:
    """Return the tables, with those of several folders of runs that are one table as one."""
    found: dict[str, SiteTable] = {}
    for table in tables:
        known = found.get(table.slug)
        if known is None:
            found[table.slug] = table
            continue
        new = [entry for entry in table.entries if entry.key not in {one.key for one in known.entries}]
        key = (table.dataset, table.split, table.fingerprint, table.shown)
        found[table.slug] = SiteTable(*key, (*known.entries, *new), is_own=True)
    return list(found.values())


def _galleries(
    tables: Sequence[SiteTable], options: SiteOptions, observer: Observer
) -> tuple[dict[str, Gallery], list[str]]:
    found, left = {}, []
    datasets = [(table, gallery_dataset(table, options.dataset)) for table in (tables if options.cases else ())]
    drawn = [(table, dataset) for table, dataset in datasets if dataset is not None]
    with observer.progress("galleries", "galleries") as report:
        for number, (table, dataset) in enumerate(drawn, start=1):
            observer.say(f"gallery of {table.title}")
            try:
                found[table.slug] = gallery(table, dataset, options.cases)
            except BenchError as error:
                left.append(f"no gallery of {table.title}: {error}")
            report(number, len(drawn))
    return found, left


def _without(site: Site, options: SiteOptions) -> list[tuple[str, str]]:
    """Return the tables without a gallery, and why."""
    found = []
    for table in site.tables:
        if table.slug in site.galleries:
            continue
        if not options.cases:
            why = "this site was made without galleries"
        elif gallery_dataset(table, options.dataset) is not None:
            why = "its records are others than those that are at hand"
        else:
            why = f"its recordings are shown where --data names {table.dataset}" if table.is_own else NO_PHANTOMS
        found.append((table.title, why))
    return found


def _of_recordings(site: Site) -> Iterable[str]:
    """Return what may show recordings of patients."""
    for one in site.galleries.values():
        if not one.table.is_simulated:
            yield f"the gallery of {one.table.title}"
    for reader in site.readers:
        for study in site.studies.get(reader.slug, ()):
            if study.shows_recordings:
                yield f"the explanations of {reader.name}"


def site_pages(site: Site, without: Mapping[str, str]) -> dict[str, str | bytes]:
    """Return the content of every file of a site by its path."""
    pages: dict[str, str | bytes] = {"site.css": _asset("site.css"), "site.js": _asset("site.js")}
    pages["index.html"] = _index(site)
    pages["method.html"] = _method(site)
    pages["gallery.html"] = _page(
        "galleries.html", "", here="gallery.html", galleries=list(site.galleries.values()), without=without.items()
    )
    for one in site.galleries.values():
        pages |= _gallery_pages(one, site.credits.get(one.table.dataset, ""))
    for reader in site.readers:
        pages |= _reader_pages(reader, site)
    return pages


def _page(template: str, root: str, here: str = "", **values: Any) -> str:  # whatever it shows
    return page(template, root=root, here=here, taxonomy=TAXONOMY_VERSION, **values)


@cache
def _asset(name: str) -> str:
    return files("bench.web").joinpath("page", "site", name).read_text(encoding="utf-8")


def _index(site: Site) -> str:
    entries = [entry for table in site.tables for entry in table.entries]
    kinds = {kind for entry in entries for kind in entry.kinds}
    return _page(
        "index.html",
        "",
        here="index.html",
        tables=[(table, kappa_scale(table)) for table in site.tables],
        datasets=list(dict.fromkeys(table.dataset for table in site.tables)),
        kinds=[kind for kind in KINDS if kind in kinds],
        conditions=list(dict.fromkeys(entry.condition for entry in entries)),
        galleries=site.galleries,
        standing=STANDING,
        standing_row=standing_row,
        agreed=agreed,
        slugs=site.slugs,
        credits=site.credits,
        axes=AXIS_NAMES,
        trace=masthead_trace(),
    )


def _method(site: Site) -> str:
    ranked = [table for table in site.tables if not table.is_own] or list(site.tables)
    return _page(
        "method.html",
        "",
        here="method.html",
        questions=AXES,
        tables=ranked,
        ceilings={table.slug: [_ceiling(table, name) for name in AXIS_NAMES] for table in ranked},
        unlike=UNLIKE_REAL,
    )


def _ceiling(table: SiteTable, name: str) -> dict[str, Any]:
    """Return what can be had on an axis without reading, and the best of a table."""
    scored = [(one, entry) for entry in table.entries for one in entry.score.axes if one.axis == name and one.n]
    reading = [(one, entry) for one, entry in scored if not one.by_construction]
    best = max(reading, key=lambda found: (found[0].accuracy or 0.0, found[1].key), default=None)
    first = scored[0][0] if scored else None
    return {
        "axis": name,
        "n": first.n if first else 0,
        "value": first.baseline_value if first else "-",
        "majority": first.baseline if first else None,
        "text": first.text_ceiling if first else None,
        "text_n": first.text_ceiling_n if first else 0,
        "best": best[0].accuracy if best else None,
        "by": best[1].settings.reader if best else "",
    }


def _gallery_pages(one: Gallery, credit: str) -> dict[str, str | bytes]:
    base = f"gallery/{one.table.slug}"
    pages: dict[str, str | bytes] = {
        f"{base}/{number:03d}.png": case.picture for number, case in enumerate(one.cases, start=1) if case.picture
    }
    wrong = [
        [
            f"{place}:{axis}"
            for axis, _, _, answers in case.rows
            for place, answer in enumerate(answers)
            if answer.verdict in {"wrong", "no answer"}
        ]
        for case in one.cases
    ]
    pages[f"{base}.html"] = _page(
        "gallery.html",
        "../",
        here="gallery.html",
        gallery=one,
        credit=credit,
        names=_names(one.entries),
        axes=AXIS_NAMES,
        wrong_axes=wrong,
        sizes=[_size(case.picture) if case.picture else None for case in one.cases],
    )
    return pages


def _names(entries: Sequence[Entry]) -> list[str]:
    """Return the names of entries, each with what tells it from the others of its name."""
    names = [entry.settings.reader for entry in entries]
    return [
        name if names.count(name) == 1 else f"{name} ({entry.settings.run_id.rpartition('-')[2]})"
        for name, entry in zip(names, entries, strict=True)
    ]


def _size(png: bytes) -> tuple[int, int]:
    """Return the width and height in a PNG's header."""
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def _reader_pages(reader: SiteReader, site: Site) -> dict[str, str | bytes]:
    base = f"readers/{reader.slug}"
    pages: dict[str, str | bytes] = {}
    studies = []
    for place, study in enumerate(site.studies.get(reader.slug, ()), start=1):
        name = f"{study.kind}-{place}"
        pictures = {
            path: Picture(f"{name}/{number:03d}-{PurePosixPath(path).name}", *_size(content))
            for number, (path, content) in enumerate(study.pictures.items(), start=1)
        }
        pages |= {f"{base}/{pictures[path].source}": content for path, content in study.pictures.items()}
        text = prose(study.page, pictures, without=study.columns_left_out)
        credit = site.credits.get(study.dataset, "")
        told = headline(study.page)
        pages[f"{base}/{name}.html"] = _report(reader, study.title, text, told, credit)
        studies.append((study, f"{reader.slug}/{name}.html", told))
    cards = []
    for number, (title, text) in enumerate(_cards(reader, site), start=1):
        pages[f"{base}/card-{number}.html"] = _report(reader, "Model card", text)
        cards.append((title, f"{reader.slug}/card-{number}.html"))
    pages[f"{base}.html"] = _page(
        "reader.html",
        "../",
        reader=reader,
        slugs=site.slugs,
        studies=studies,
        cards=cards,
        credits=_credits_of(reader, site),
        places=[_place(table, entry, table.slug in site.galleries) for table, entry in reader.places],
    )
    return pages


def _report(reader: SiteReader, title: str, text: Markup, told: str = "", credit: str = "") -> str:
    return _page("report.html", "../../", reader=reader, title=title, text=text, told=told, credit=credit)


def _credits_of(reader: SiteReader, site: Site) -> list[str]:
    """Return whom the data are credited to of which figures stand on a reader's page."""
    found = [site.credits[table.dataset] for table, _ in reader.places]
    found += [STATEMENTS for _, entry in reader.places if entry.settings.statements]
    return [one for one in dict.fromkeys(found) if one]


def _place(table: SiteTable, entry: Entry, has_gallery: bool) -> dict[str, Any]:
    """Return what a reader's page tells of one of its entries."""
    axes = shown_axes(entry.score)
    kappas = [value for axis in axes if axis.kappa is not None for value in (axis.kappa, *(axis.kappa_interval or ()))]
    against = table.against(entry)
    order = {one.key: place for place, one in enumerate(table.entries)}
    near = sorted(against, key=lambda one: abs(order[one[0].key] - order[entry.key]))[:MOST_PAIRS]
    packages = entry.manifest.get("packages")
    return {
        "table": table,
        "entry": entry,
        "axes": axes,
        "scale": Scale.over(kappas),
        "groups": _by_age(entry),
        "against": sorted(near, key=lambda one: order[one[0].key]),
        "more": len(against) - len(near),
        "gallery": has_gallery,
        "command": rerun_command(entry),
        "command_notes": rerun_notes(entry),
        "packages": list(islice(sorted(packages.items()), 100)) if isinstance(packages, Mapping) else [],
    }


def _by_age(entry: Entry) -> list[tuple[str, Any]]:
    """Return all and the groups of the danger-weighted error: the young before the old, and sex after age."""
    found = entry.score.superclass
    if found is None:
        return []
    order = sorted(found.groups.items(), key=lambda one: (not one[0].startswith("age"), "<" not in one[0], one[0]))
    return [("all", found.overall), *order]


def _cards(reader: SiteReader, site: Site) -> Iterable[tuple[str, Markup]]:
    """Yield the model cards of a reader: of its explanations, and the one that comes with it."""
    for study in site.studies.get(reader.slug, ()):
        if study.explained is not None:
            run = _card_run(reader, study)
            yield (
                f"Model card from its explanations, {study.explained.dataset}",
                prose(model_card(study.explained, run)),
            )
    card = _built_in_card(reader.name)
    if card:
        yield "Model card that comes with it", card


def _card_run(reader: SiteReader, study: Study) -> CardRun | None:
    """Return a run of the reader on the dataset of its explanation, None where there is none."""
    assert study.explained is not None
    for _, entry in reader.places:
        run = CardRun(entry.score, entry.manifest)
        if entry.settings.dataset == study.explained.dataset:
            try:
                check_same_reader(study.explained, run)
            except BenchError:
                continue  # of other weights: the card does without a score
            return run
    return None


@cache
def _built_in_card(name: str) -> Markup:
    """Return the model card in the package of a reader of this project, empty for none; nobody else's is looked for."""
    entry = installed_readers().get(name)
    parts = entry.module.split(".") if entry is not None else []
    if len(parts) < 3 or parts[0] != "readers":
        return Markup()
    card = files("readers").joinpath(*parts[1:-1], BUILT_IN_CARD)
    return prose(card.read_text(encoding="utf-8")) if card.is_file() else Markup()
