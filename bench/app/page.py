"""The page of the demo: Gradio's components, and what happens when one of them is used.

Every event returns whole parts of the page, and a failure is a sentence in it. Events run one after another, since
datasets are no matter of several threads.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.app.axis_answers import Answers
from bench.app.chosen_ecg import LARGEST_UPLOAD, ChosenEcg, from_upload
from bench.app.demo import Demo
from bench.app.drawn_map import QUICK_METHODS, methods_for
from bench.app.local_readers import USUAL
from bench.app.markup import answers_part, danger_part, ecg_part, map_part, notice, offer_part, problem
from bench.app.one_map import USUAL_METHOD, plain_page
from bench.progress import Observer, Progress
from taxonomy.error import BenchError
from taxonomy.outside import MEBIBYTE

if TYPE_CHECKING:
    import gradio

TITLE = "ECG bench demo"

KEPT_S = 3600
"""Seconds for which the ECG of a tab is kept at most."""

SWEPT_S = 600
"""Seconds between two looks for files that a broken upload left behind, and their greatest age."""

UNITS = ("mV", "uV")

ONE_AFTER_ANOTHER: dict[str, Any] = {"concurrency_id": "bench", "concurrency_limit": 1, "api_visibility": "private"}


@dataclass(frozen=True, eq=False)
class Shown:
    """What a tab shows.

    Attributes
    ----------
    ecg : ChosenEcg
    answers : Answers or None
        None where the reader failed.
    """

    ecg: ChosenEcg
    answers: Answers | None = None


def style() -> str:
    """Return the style sheet of our parts."""
    return files("bench.app").joinpath("demo.css").read_text(encoding="utf-8")


def demo_page(demo: Demo) -> "gradio.Blocks":
    """Return the page."""
    import gradio as gr

    page: gradio.Blocks = gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(SWEPT_S, SWEPT_S))
    with page:
        state = gr.State(None, time_to_live=KEPT_S)
        gr.HTML(f"<h1>{TITLE}</h1>{notice()}", elem_classes="ours")
        parts = _Parts.placed(demo)
        parts.wire(demo, state, page)
        if demo.runs:
            _danger_of_runs(demo)
        else:
            gr.HTML(
                '<h2>How dangerous are a run\'s errors?</h2><p class="soft">No run is at hand: make one with '
                "<code>bench run --reader resnet1d</code>, or name its folder with <code>bench demo --runs FOLDER"
                "</code>.</p>",
                elem_classes="ours",
            )
    return page


@dataclass(frozen=True, eq=False)
class _Parts:
    """The components of the page that events change or read."""

    record: Any
    show: Any
    upload: Any
    rate: Any
    unit: Any
    number: Any
    failure: Any
    ecg: Any
    reader: Any
    answers: Any
    target: Any
    method: Any
    draw: Any
    judge: Any
    map: Any

    @classmethod
    def placed(cls, demo: Demo) -> "_Parts":
        """Place the components."""
        import gradio as gr

        records, readers = list(demo.records), [one.name for one in demo.offer.readers]
        made: dict[str, Any] = {}
        gr.HTML("<h2>Choose an ECG</h2>", elem_classes="ours")
        with gr.Tabs():
            with gr.Tab(f"From {demo.dataset.name}"), gr.Row(equal_height=True):
                made["record"] = gr.Dropdown(
                    records, value=records[0] if records else None, label="Record", allow_custom_value=True, scale=3
                )
                made["show"] = gr.Button("Show this record", variant="primary", scale=1)
            with gr.Tab("Upload"):
                gr.HTML(
                    '<p class="soft">CSV, DICOM, HL7 aECG, SCP-ECG, or both files of a WFDB record; or a scan, '
                    "photograph or PDF of a page of 3 x 4 leads, which is digitized. "
                    f"{LARGEST_UPLOAD // MEBIBYTE} MiB at most. It is read at once: what a CSV file or a PDF of "
                    "several pages does not say itself, say here first.</p>",
                    elem_classes="ours",
                )
                with gr.Row():
                    made["rate"] = gr.Textbox(
                        "", label="Sampling rate of a CSV file, Hz", placeholder="as the file says"
                    )
                    made["unit"] = gr.Dropdown(["as the file says", *UNITS], value="as the file says", label="Its unit")
                    made["number"] = gr.Textbox("", label="Page of a file with several", placeholder="its only one")
                made["upload"] = gr.File(file_count="multiple", label="File of an ECG", height=140)
        made["failure"] = gr.HTML("", elem_classes="ours", elem_id="failure")
        with gr.Row(elem_classes="main"):
            with gr.Column(scale=3, min_width=320):
                gr.HTML("<h2>The ECG, and what moved an answer</h2>", elem_classes="ours")
                made["ecg"] = gr.HTML('<p class="soft">No ECG is chosen yet.</p>', elem_classes="ours", elem_id="ecg")
                with gr.Row():
                    made["target"] = gr.Dropdown(
                        [], label="Answer to explain", interactive=True, scale=2, min_width=260
                    )
                    made["method"] = gr.Dropdown(list(QUICK_METHODS), value=USUAL_METHOD, label="Method", min_width=220)
                with gr.Row():
                    made["draw"] = gr.Button("Draw the map", variant="primary", interactive=False)
                    made["judge"] = gr.Button("Judge this method", interactive=False)
                made["map"] = gr.HTML("", elem_classes="ours", elem_id="map")
            with gr.Column(scale=2, min_width=320):
                gr.HTML("<h2>What a reader says</h2>", elem_classes="ours")
                made["reader"] = gr.Dropdown(
                    readers, value=demo.offer.usual(False).name, label="Reader on this machine"
                )
                made["answers"] = gr.HTML("", elem_classes="ours", elem_id="answers")
                gr.HTML(offer_part(demo.offer), elem_classes="ours")
        return cls(**made)

    def wire(self, demo: Demo, state: "gradio.State", page: "gradio.Blocks") -> None:
        """Say what happens when a component is used."""
        import gradio as gr

        desk = _Desk(demo, self)
        read = [
            state,
            self.failure,
            self.ecg,
            self.reader,
            self.answers,
            self.target,
            self.method,
            self.draw,
            self.judge,
            self.map,
        ]

        def choose(written: str, progress: gr.Progress = gr.Progress()) -> Iterator[dict[Any, Any]]:  # noqa: B008
            yield from desk.chosen(lambda: demo.chosen(str(written)), state, progress)

        def uploaded(
            paths: list[str] | None,
            rate: str,
            unit: str,
            number: str,
            progress: gr.Progress = gr.Progress(),  # noqa: B008  # as Gradio wants it
        ) -> Iterator[dict[Any, Any]]:
            if not paths:
                return
            sent, known = [Path(path) for path in paths], unit if unit in UNITS else ""
            for changed in desk.chosen(lambda: from_upload(sent, rate, known, number), state, progress):
                yield {**changed, self.upload: None}

        def asked(shown: Shown | None, reader: str, progress: gr.Progress = gr.Progress()) -> dict[Any, Any]:  # noqa: B008
            return {} if shown is None else desk.asked(shown, reader, state, progress)

        def drawn(
            shown: Shown | None,
            target: str | None,
            method: str,
            progress: gr.Progress = gr.Progress(),  # noqa: B008
        ) -> dict[Any, Any]:
            return desk.drawn(shown, target, method, progress)

        def judged(
            shown: Shown | None,
            target: str | None,
            method: str,
            progress: gr.Progress = gr.Progress(),  # noqa: B008
        ) -> dict[Any, Any]:
            return desk.judged(shown, target, method, progress)

        explained = [self.failure, self.ecg, self.map]
        for event in (page.load, self.show.click):
            event(choose, [self.record], read, show_progress_on=[self.ecg], **ONE_AFTER_ANOTHER)
        self.upload.upload(
            uploaded,
            [self.upload, self.rate, self.unit, self.number],
            [*read, self.upload],
            show_progress_on=[self.ecg],
            **ONE_AFTER_ANOTHER,
        )
        self.reader.input(asked, [state, self.reader], read, show_progress_on=[self.answers], **ONE_AFTER_ANOTHER)
        told = [state, self.target, self.method]
        self.draw.click(drawn, told, explained, show_progress_on=[self.map], **ONE_AFTER_ANOTHER)
        self.judge.click(judged, told, explained, show_progress_on=[self.map], **ONE_AFTER_ANOTHER)


@dataclass(frozen=True, eq=False)
class _Desk:
    """Answers events by what they change; a failure is a sentence, and leaves the rest as it is."""

    demo: Demo
    parts: _Parts

    def chosen(
        self, take: Callable[[], ChosenEcg], state: "gradio.State", progress: "gradio.Progress"
    ) -> Iterator[dict[Any, Any]]:
        """Yield what shows an ECG, then what its usual reader says of it."""
        import gradio as gr

        parts = self.parts
        try:
            ecg = take()
            drawn = ecg_part(ecg, plain_page(ecg))
        except BenchError as error:
            yield {parts.failure: problem(str(error))}
            return
        reader = self.demo.offer.usual(ecg.is_page).name
        yield {
            state: Shown(ecg),
            parts.failure: "",
            parts.ecg: drawn,
            parts.reader: gr.Dropdown(value=reader),
            parts.map: "",
            parts.answers: "",
        }
        yield self.asked(Shown(ecg), reader, state, progress)

    def asked(self, shown: Shown, reader: str, state: "gradio.State", progress: "gradio.Progress") -> dict[Any, Any]:
        """Return what a reader says of the ECG, and which of it can be explained."""
        import gradio as gr

        parts = self.parts
        try:
            answers = self.demo.answers(reader, shown.ecg, _observer(progress))
            found = self.demo.explainable(answers, shown.ecg)
        except BenchError as error:
            return {parts.failure: problem(str(error)), parts.answers: "", state: Shown(shown.ecg)}
        choices, known = [(one.label, one.name) for one in found], self.demo.offer.named(reader)
        methods, usual = methods_for(known), USUAL_METHOD if known.is_open else methods_for(known)[0]
        label = (
            "Answer to explain" if found else f"No map: of what {reader} is shown, nothing can be hidden; try {USUAL}"
        )
        return {
            state: replace(shown, answers=answers),
            parts.failure: "",
            parts.answers: answers_part(answers),
            parts.target: gr.Dropdown(choices, value=choices[0][1] if choices else None, label=label),
            parts.method: gr.Dropdown(list(methods), value=usual),
            parts.draw: gr.Button(interactive=bool(found)),
            parts.judge: gr.Button(interactive=bool(found) and known.is_open),
            parts.map: "",
        }

    def drawn(
        self, shown: Shown | None, target: str | None, method: str, progress: "gradio.Progress"
    ) -> dict[Any, Any]:
        """Return the ECG with the map of an answer, and what may be believed of it."""
        parts = self.parts
        if shown is None or shown.answers is None or not target:
            return {parts.failure: problem("Choose an ECG first, and a reader whose answers can be explained.")}
        try:
            found = self.demo.map(shown.answers, shown.ecg, target, method, _observer(progress))
        except BenchError as error:
            return {parts.failure: problem(str(error))}
        verdict = self.demo.verdicts.get((shown.answers.reader, method))
        said = f"with a map of what speaks for {' '.join(found.output)}, by {method}"
        return {
            parts.failure: "",
            parts.ecg: ecg_part(shown.ecg, found.png, said),
            parts.map: map_part(found, verdict, self.demo.offer.named(found.reader).is_open),
        }

    def judged(
        self, shown: Shown | None, target: str | None, method: str, progress: "gradio.Progress"
    ) -> dict[Any, Any]:
        """Return the map of an answer with the verdict on its method."""
        if shown is not None and shown.answers is not None and target:
            try:
                self.demo.judged(shown.answers, method, _observer(progress))
            except BenchError as error:
                return {self.parts.failure: problem(str(error))}
        return self.drawn(shown, target, method, progress)


def _danger_of_runs(demo: Demo) -> None:
    """Place the danger-weighted error of a chosen run."""
    import gradio as gr

    def told(name: str) -> str:
        try:
            return danger_part(demo.danger(name))
        except BenchError as error:
            return problem(str(error))

    names = list(demo.runs_by_name)
    gr.HTML("<h2>How dangerous are a run's errors, by age and sex?</h2>", elem_classes="ours")
    run = gr.Dropdown(names, value=names[0], label="Run")
    found = gr.HTML(told(names[0]), elem_classes="ours", elem_id="danger")
    run.input(told, [run], [found], **ONE_AFTER_ANOTHER)
    if demo.notes:
        gr.HTML("".join(map(problem, demo.notes)), elem_classes="ours")


def _observer(progress: "gradio.Progress") -> Observer:
    """Return an observer that shows progress on the page."""

    class OnPage(Progress):
        def __init__(self, what: str, unit: str) -> None:
            self._what, self._unit = what, unit

        def __call__(self, done: int, total: int) -> None:
            progress((done, total), desc=self._what, unit=self._unit)

    @contextmanager
    def shown(what: str, unit: str = "records") -> Iterator[Progress]:
        progress(0, desc=what)
        yield OnPage(what, unit)

    return Observer(progress=shown)
