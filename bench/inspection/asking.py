"""What the Inspect task asks: the cases of a view as plain data, and everything that its log must tell of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bench.dataset import Selection
from bench.inspection.conversation import bare_name, digest_of, request_of, turns_of
from bench.inspection.right_answer import RightAnswers, right_answers
from bench.progress import SILENT, Observer
from bench.run.questionnaire import questions_of
from bench.run.settings import RunSettings, settings_of
from bench.storage import cache_folder, whole_file
from bench.view import Cases, Question, View, cases_of
from bench.view.example import IMAGE_AND_TEXT
from readers.api.request import Request, SentImage
from readers.contract import Case, Input
from taxonomy.error import StopReading
from taxonomy.reading import Reading

ASKED = "ecg_bench"
"""The field of a log's metadata that holds what was asked."""

NAME = "inspect"
"""The reader's name before the model is known."""


class LoggedReader:
    """A model that is asked by Inspect; its answers come from logs.

    Parameters
    ----------
    name : str
        ``inspect:openai/gpt-5.4``.
    details : mapping of str to str
        What the log tells of how it was asked.
    """

    inputs: frozenset[Input] = IMAGE_AND_TEXT

    def __init__(self, name: str = NAME, details: Mapping[str, str] = MappingProxyType({})) -> None:
        self.name, self.details = name, details

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Raise StopReading: Inspect asks the model, and a log answers nothing that it does not hold."""
        raise StopReading(f"{self.name} is asked by Inspect: 'inspect eval' asks it, and 'bench score' reads the log")


@dataclass(frozen=True, eq=False)
class Asking:
    """The cases that are asked, and for which model.

    Attributes
    ----------
    settings : RunSettings
        Of the run, before the model is known; its id names the cases.
    cases : Cases
    model : str
        Bare name of the model whose limits the images keep; empty leaves them as they are drawn.
    """

    settings: RunSettings
    cases: Cases
    model: str

    @classmethod
    def of(cls, selection: Selection, view: View, model: str, observer: Observer = SILENT) -> "Asking":
        """Return what is asked of a selection in a view.

        Parameters
        ----------
        selection : Selection
        view : View
            Settled here for images and text.
        model : str
            As Inspect names it.

        Raises
        ------
        taxonomy.error.BenchError
            When the dataset, the records or the view cannot be used.
        """
        settled = view.for_inputs(IMAGE_AND_TEXT)
        cases = cases_of(settled, selection.cohort(settled.needs_signal), observer)
        settings = settings_of(LoggedReader(), NAME, cases, {}, 1)
        return cls(settings, replace(cases, name=settings.run_id), bare_name(model))

    @property
    def questions(self) -> list[Question]:
        """A question about each record, in the order in which they are asked."""
        return questions_of(self.cases)

    def metadata(self) -> dict[str, Any]:
        """Return what the log keeps: the settings with the records, their donors, and the model of the images."""
        donors = {str(ecg_id): donor.ecg_id for ecg_id, donor in self.cases.donors.items()}
        return {"settings": self.settings.to_json(), "donors": donors, "model": self.model}

    def samples(self) -> "Iterator[AskedSample]":
        """Yield each case as it is sent, with the truth for the viewer."""
        self.cases.cohort.measure()
        questions = self.questions
        for question, case in zip(questions, self.cases.each(questions), strict=True):
            request = request_of(case, self.model)
            truth = self.cases.cohort.truth(question.record)
            yield AskedSample(
                case_id=case.case_id,
                request=request,
                right=right_answers(truth, request.form),
                digest=digest_of(turns_of(request)),
            )


@dataclass(frozen=True, eq=False)
class AskedSample:
    """A case as a sample of Inspect's.

    Attributes
    ----------
    case_id : str
    request : Request
    right : RightAnswers
    digest : str
        Of everything that is said and shown.
    """

    case_id: str
    request: Request
    right: RightAnswers
    digest: str


def image_file(image: SentImage, folder: Path | None = None) -> Path:
    """Return the file of an image, named after what it holds; it is written where it is not there yet.

    Raises
    ------
    taxonomy.error.StorageError
        When it cannot be written.
    """
    folder = folder or cache_folder() / "inspect"
    path = folder / f"{sha256(image.png).hexdigest()[:32]}.png"
    if not path.is_file():
        with whole_file(path) as part:
            part.write_bytes(image.png)
    return path
