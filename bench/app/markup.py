"""The parts of the demo's page as HTML: everything that anybody wrote is text in it, and never markup."""

import base64
from collections.abc import Iterator, Sequence
from html import escape

from bench.app.axis_answers import Answers, AxisAnswer, Bar
from bench.app.chosen_ecg import ChosenEcg
from bench.app.danger_groups import LEAST_GROUP, DangerGroup, DangerGroups
from bench.app.local_readers import Offer
from bench.app.one_map import BLACK_BOX, Check, OneMap
from bench.explain.belief.judging import Row
from bench.report.own_reading import NOTICE
from bench.report.table import percent, within
from taxonomy.redaction import redacted

SHOWN_BARS = 4
"""Values of an axis whose probabilities are shown at once; the others unfold."""

LIVE = str.maketrans({sign: f"&#{ord(sign)};" for sign in "{}$`\\"})
"""What the page's own templates (Handlebars, JavaScript) would obey rather than show."""

NOT_FOR = (
    "No second opinion: a reader can be wrong with a probability of 0.99, and the map behind a wrong answer looks as "
    "convincing as any other.",
    "No test of a reader: one ECG, or ten, say nothing of the next one. 'bench run' and 'bench ablate' do that.",
)

STAYS = (
    "What you upload stays on this machine: the page is served to it alone and asks nothing of any other, no usage is "
    "reported, the file is deleted as soon as it is read, and its signal is forgotten with this tab, or after an hour."
)

OUTCOMES = {"better": ("good", "better"), "worse": ("bad", "no better"), "unknown": ("open", "not known")}
"""Class and word of an outcome."""

VERDICT_CLASSES = {"faithful here": "good", "cannot tell": "open"}

MEANINGS = {
    "faithful here": "Its maps may be read as what moved this reader's answers on these data.",
    "no better than amplitude": "Do not read its maps as reasons: they do no better than knowing what is loud.",
    "fails the sanity check": "Do not read its maps as reasons: they show the ECG, and not what was learned.",
    "cannot tell": "So none of its maps may be read as the reason for an answer.",
}
"""What each verdict says of a map, by its word."""


def _head(*names: str) -> str:
    """Return the head of a table; a name that begins with ``#`` stands over numbers."""
    kinds = {True: ' class="number"', False: ""}
    cells = (f'<th scope="col"{kinds[name[0] == "#"]}>{name.lstrip("#")}</th>' for name in names)
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


CHECK_HEAD = _head("the answer, or the map", "#this map", "beside", "#its null", "than its null")
DANGER_HEAD = _head("group", "#n", "#danger-weighted error [95%]", "#critical errors")


def text(said: object) -> str:
    """Return text as HTML that shows it, whatever it holds; no key or password stands in it."""
    return escape(redacted(str(said))).translate(LIVE)


def notice() -> str:
    """Return what the demo is not for, and where recordings go."""
    points = "".join(f"<li>{text(one)}</li>" for one in NOT_FOR)
    return (
        f'<div class="notice" role="note"><p><strong>{text(NOTICE)}</strong></p><ul>{points}</ul><p>{text(STAYS)}</p>'
        "</div>"
    )


def problem(said: str) -> str:
    """Return a sentence on what went wrong; nothing for none."""
    return f'<p class="problem" role="alert">{text(said)}</p>' if said else ""


def ecg_part(ecg: ChosenEcg, png: bytes, described: str = "without a map") -> str:
    """Return an ECG: its name, what is known of it, its picture, and the page that it was read from, if any."""
    about = "".join(f"<li>{text(note)}</li>" for note in ecg.notes)
    page = ecg.page_png()
    seen = (
        "" if page is None else f"<details><summary>The page as it came</summary>{_picture(page, 'the page')}</details>"
    )
    return (
        f'<h3 class="name">{text(ecg.title)}</h3><ul class="about">{about}</ul>'
        f"{_picture(png, f'{ecg.title}: twelve leads, six rows of two, 25 mm/s, {described}')}{seen}"
    )


def answers_part(answers: Answers) -> str:
    """Return every axis: the answer, the truth beside it, and a bar for each value; then the measured numbers."""
    if answers.problem:
        return problem(answers.problem)
    axes = "".join(map(_axis, answers.axes))
    rows = "".join(f'<tr><th scope="row">{text(name)}</th><td>{text(said)}</td></tr>' for name, said in answers.numbers)
    has_bars = any(one.bars for one in answers.axes)
    note = "" if has_bars else f'<p class="soft">{text(answers.reader)} gives no probabilities.</p>'
    return (
        f'{note}<div class="axes">{axes}</div><details class="numbers"><summary>Measured on the signal</summary>'
        f"<table><tbody>{rows}</tbody></table></details>"
        f'<p class="soft">{text(answers.reader)}, in {answers.seconds:.1f} s.</p>'
    )


def map_part(found: OneMap, verdict: Row | None, is_open: bool = True) -> str:
    """Return what may be believed of a map: its verdict, and its figures beside those of what knows nothing."""
    head, value = found.output
    rows = "".join(map(_check, found.checks))
    kind = "bad" if found.is_refuted else "open"
    return (
        f"<h3>May it be believed?</h3>{_verdict(found, verdict, is_open)}"
        f'<p><span class="mark {kind}">This map</span> {text(found.says)}</p>'
        f'<div class="wide" tabindex="0" role="region" aria-label="Figures of this map"><table><caption>{text(head)}: '
        f"{text(value)}, by {text(found.method)} of {text(found.reader)}, in {found.seconds:.1f} s</caption>"
        f"{CHECK_HEAD}<tbody>{rows}</tbody></table></div>"
        '<p class="soft">Orange speaks for the answer, striped blue against it. A map shows what moved this answer of '
        "this reader, which need not be why it is right.</p>"
    )


def danger_part(found: DangerGroups) -> str:
    """Return the danger-weighted error of a run by age and sex: a picture, and the table of the same figures."""
    rows = "".join(map(_group, found.groups))
    told = [
        "n counts simulated ECGs of known truth: no result on patients." if found.is_simulated else "",
        f"Groups of fewer than {LEAST_GROUP} cases are marked: their intervals are too narrow to lean on."
        if any(group.is_small for group in found.groups)
        else f"Every group has {LEAST_GROUP} cases or more.",
        "Where errors are rare, intervals are too narrow in larger groups too.",
        "No difference between two groups is tested here; and the ages and sexes differ in what they suffer from.",
        *found.caveats,
    ]
    notes = "".join(f"<li>{text(one)}</li>" for one in told if one)
    name = f"{found.reader} on {found.dataset}, {found.split}, condition {found.condition}"
    return (
        f'<h3 class="name">{text(name)}</h3><div class="danger"><div>{_danger_picture(found.groups)}</div>'
        '<div class="wide" tabindex="0" role="region" aria-label="Danger by group"><table>'
        f"{DANGER_HEAD}<tbody>{rows}</tbody></table></div></div>"
        f'<ul class="about">{notes}</ul><p class="soft">0 is no danger, 3 the answer "normal" to an infarction; an '
        f"error of danger 3 is critical. By {text(found.table)}.</p>"
    )


def offer_part(offer: Offer) -> str:
    """Return which readers are offered, and why others are not."""
    there = "".join(f"<li><b>{text(one.name)}</b> {text(one.description)}</li>" for one in offer.readers)
    left = "".join(f"<li><b>{text(name)}</b> {text(why)}</li>" for name, why in offer.left.items())
    return (
        '<details class="numbers"><summary>Which readers are here, and which are not</summary>'
        f'<ul class="about">{there}</ul><p class="soft">Not offered:</p><ul class="about">{left}</ul></details>'
    )


def _picture(png: bytes, described: str) -> str:
    data = base64.b64encode(png).decode("ascii")
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="ECG"><img class="ecg" alt="{text(described)}" '
        f'src="data:image/png;base64,{data}"></div>'
    )


def _axis(one: AxisAnswer) -> str:
    answer = text(one.answer or one.problem or "no answer")
    mark = {True: ' <span class="mark good">right</span>', False: ' <span class="mark bad">wrong</span>', None: ""}
    truth = f'<p class="truth">truth: <b>{text(one.truth)}</b></p>' if one.truth is not None else ""
    first, rest = one.bars[:SHOWN_BARS], one.bars[SHOWN_BARS:]
    more = f"<details><summary>{len(rest)} more</summary><ul>{_bars(rest)}</ul></details>" if rest else ""
    bars = f"<ul>{_bars(first)}</ul>{more}" if first else ""
    return (
        f'<section class="axis"><h3>{text(one.axis.replace("_", " "))}</h3><p class="answer"><b>{answer}</b>'
        f"{mark[one.is_right]}</p>{truth}{bars}</section>"
    )


def _bars(bars: Sequence[Bar]) -> str:
    return "".join(_bar(bar) for bar in bars)


def _bar(bar: Bar) -> str:
    kind = " said" if bar.is_answered else ""
    true = ' <span class="true">truth</span>' if bar.is_true else ""
    width = f"{100 * min(1.0, max(0.0, bar.probability)):.1f}"
    return (
        f'<li class="chance{kind}"><span class="value">{text(bar.value)}{true}</span><span class="figure">'
        f'{bar.probability:.2f}</span><span class="track" aria-hidden="true"><span style="width:{width}%"></span>'
        "</span></li>"
    )


def _verdict(found: OneMap, row: Row | None, is_open: bool) -> str:
    if not is_open:
        why = text(BLACK_BOX.format(name=found.reader))
        return (
            f'<p class="verdict"><span class="mark open">cannot tell</span> {why}.'
            " So this map may not be read as the reason for an answer.</p>"
        )
    if row is None:
        return (
            f'<p><span class="mark open">not judged</span> Whether maps by {text(found.method)} of {text(found.reader)}'
            " deserve belief is not known here yet: press <b>Judge this method</b>, which takes a minute or two.</p>"
        )
    kind = VERDICT_CLASSES.get(row.verdict.word, "bad")
    return (
        f'<p class="verdict"><span class="mark {kind}">{text(row.verdict.word)}</span> {text(row.verdict.because)}. '
        f"That is the verdict on {text(row.method)} of {text(row.reader)}, by {row.answers} right answers about "
        f"{row.patients} patients. {text(MEANINGS[row.verdict.word])}</p>"
    )


def _check(check: Check) -> str:
    kind, word = OUTCOMES[check.outcome]
    return (
        f'<tr><th scope="row">{text(check.what)}</th><td class="number">{_number(check.value)}</td>'
        f'<td>{text(check.beside)}</td><td class="number">{_number(check.null)}</td>'
        f'<td><span class="mark {kind}">{word}</span></td></tr>'
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{round(value, 2) + 0.0:.2f}"


def _group(group: DangerGroup) -> str:
    score = group.score
    dwe = within(score.dwe, score.dwe_interval, 2) if score else "-"
    critical = f"{score.critical} ({percent(score.critical_share)})" if score else "-"
    small = '<span class="mark open">few cases</span> ' if group.is_small else ""
    return (
        f'<tr class="{group.kind}"><th scope="row">{text(_said(group))}</th><td class="number">{small}{group.n:,}</td>'
        f'<td class="number">{dwe}</td><td class="number">{critical}</td></tr>'
    )


def _said(group: DangerGroup) -> str:
    return {"everybody": "everybody", "sex": group.name, "age": f"age {group.name}"}[group.kind]


ROW, LEFT, WIDTH, RIGHT = 30, 96, 520, 24
"""Height of a row, room for names, width and the margin behind, in units of the picture."""


def _danger_picture(groups: Sequence[DangerGroup]) -> str:
    """Return every group's figure with its interval as a drawing in the colours of the page."""
    most = max((group.score.dwe_interval[1] for group in groups if group.score), default=0.0)
    top = next(step for step in (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0) if most <= step or step == 3.0)
    height = ROW * len(groups) + 40
    said = "; ".join(f"{_said(group)} {group.score.dwe:.2f}" for group in groups if group.score)
    rows = (_row(number, group, top) for number, group in enumerate(groups))
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Danger-weighted error: {text(said)}">'
        f"{''.join((*_ticks(top, height), *rows))}</svg>"
    )


def _x(value: float, top: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * value / top


def _ticks(top: float, height: int) -> Iterator[str]:
    for part in range(5):
        x, value = _x(top * part / 4, top), top * part / 4
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="6" y2="{height - 30}"/>'
        yield f'<text x="{x:.1f}" y="{height - 12}" text-anchor="middle">{value:g}</text>'


def _row(number: int, group: DangerGroup, top: float) -> str:
    y = ROW * number + ROW / 2 + 4
    name = f'<text x="{LEFT - 12}" y="{y + 5:.1f}" text-anchor="end">{text(_said(group))}</text>'
    if group.score is None:
        return f'{name}<text class="none" x="{LEFT + 8}" y="{y + 5:.1f}">no case</text>'
    low, high = (_x(value, top) for value in group.score.dwe_interval)
    kind = "few" if group.is_small else group.kind
    return (
        f'{name}<line class="{kind}" x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}"/>'
        f'<circle class="{kind}" cx="{_x(group.score.dwe, top):.1f}" cy="{y}" r="5.5"/>'
    )
