"""The task for Inspect: ``inspect eval bench/ecg --model openai/gpt-5.4 -T condition=image-only -T sample=100``.

Nothing else of the project imports this module: it needs the extra ``inspect``, in an environment of its own.
"""

import json
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    Content,
    ContentImage,
    ContentText,
    GenerateConfig,
    ResponseSchema,
    get_model,
)
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, mean, metric, scorer
from inspect_ai.solver import TaskState, generate
from inspect_ai.util import JSONSchema

from bench.dataset import Selection
from bench.inspection.asking import ASKED, AskedSample, Asking, image_file
from bench.inspection.right_answer import RightAnswers, plain_baselines, shares, unplain
from bench.view import View
from readers.api.argument import model_arguments, sent_temperature
from readers.api.option import RequestOptions
from readers.api.request import Request, SentImage
from taxonomy.parsing import parse
from taxonomy.target import target_format

DETAILS = ("auto", "low", "high", "original")
"""Levels of image detail that Inspect passes on."""


@task  # type: ignore[untyped-decorator]  # inspect-ai is not installed beside mypy
def ecg(  # noqa: PLR0913  # each is an argument of the task, as after -T
    dataset: Any = None,  # noqa: ANN401  # Inspect reads values as YAML and splits them at commas
    split: Any = "test",  # noqa: ANN401
    ids: Any = None,  # noqa: ANN401
    sample: int | None = None,
    condition: Any = "full",  # noqa: ANN401
    renderer: str = "",
    px_per_mm: int = 0,
    format: str = "",
    measurements: str = "waveform",
    demography: bool = False,
    shots: int = 0,
    seed: int = 0,
    schema: bool = False,
) -> Task:
    """Ask a model to read ECGs, with the very prompts and images of ``bench run``.

    Parameters
    ----------
    dataset : str, optional
        As after ``--data``: PTB-XL's folder, or ``NAME:PATH``; else ``$PTBXL_DIR``, else ``phantoms-1``.
    split, ids, sample, condition, renderer, px_per_mm, format, measurements, demography, shots, seed
        As the options of ``bench run``.
    schema : bool
        Whether the answer is constrained to the JSON schema, where the provider can.

    Raises
    ------
    taxonomy.error.BenchError
        When the dataset, the records or the view cannot be used.
    """
    selection = Selection(written(dataset) or None, written(split), written(ids) or None, sample, seed)
    view = View(
        written(condition), renderer, px_per_mm, format, measurements, seed=seed, demography=demography, shots=shots
    )
    name = str(get_model())
    asking = Asking.of(selection, view, name)
    asked = list(asking.samples())
    form = asking.cases.view.form
    return Task(
        dataset=MemoryDataset([_sample(one) for one in asked], name=asking.settings.dataset),
        solver=generate(),
        scorer=reading(form.name, plain_baselines(asking.cases.cohort.dataset, form)),
        config=_config(name, asked[0].request if schema else None),
        metadata={ASKED: asking.metadata()},
    )


def written(value: object) -> str:
    """Return an argument as it was written: Inspect reads it as YAML and makes a list of what has commas."""
    if isinstance(value, dict):
        return json.dumps(value)
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)


def _config(name: str, constrained: Request | None) -> GenerateConfig:
    """Return the settings of the API readers; the command line of Inspect overrides them."""
    options, provider, bare = RequestOptions(), name.partition("/")[0], name.rpartition("/")[2]
    maker = "anthropic" if bare.startswith("claude") else "google" if provider == "google" else "openai"
    temperature = sent_temperature(options, model_arguments(maker, bare), provider == maker)
    form = None
    if constrained is not None:
        fields = JSONSchema.model_validate(constrained.schema)
        form = ResponseSchema(name="ecg_reading", json_schema=fields, strict=True)
    return GenerateConfig(max_tokens=options.max_tokens, temperature=temperature, response_schema=form)


def _sample(asked: AskedSample) -> Sample:
    return Sample(
        id=asked.case_id,
        input=_messages(asked.request),
        target=json.dumps(asked.right.truth),
        metadata={"asked": asked.digest, "right": asked.right.to_json()},
    )


def _messages(request: Request) -> list[ChatMessage]:
    messages: list[ChatMessage] = [ChatMessageSystem(content=request.system)]
    for shot in request.shots:
        messages.append(ChatMessageUser(content=_content(shot.images, shot.text, request.detail)))
        messages.append(ChatMessageAssistant(content=shot.answer))
    return [*messages, ChatMessageUser(content=_content(request.images, request.text, request.detail))]


def _content(images: tuple[SentImage, ...], text: str, detail: str) -> list[Content]:
    level: Any = detail if detail in DETAILS else "auto"
    parts: list[Content] = []
    for image in images:
        parts += [ContentText(text=image.caption), ContentImage(image=str(image_file(image)), detail=level)]
    return [*parts, ContentText(text=text)]


@metric(scores="unreduced")  # type: ignore[untyped-decorator]  # inspect-ai is not installed beside mypy
def by_axis() -> Metric:
    """Return the accuracy on each axis, and beside it that of the majority answer on the same cases."""

    def metric(scores: list[SampleScore]) -> Value:
        told = [score.score.metadata or {} for score in scores]
        read, majority = (shares(one.get(name, {}) for one in told) for name in ("read", "majority"))
        return {
            name: value
            for axis, share in read.items()
            for name, value in ((axis, share), (f"{axis} (majority)", majority.get(axis, 0.0)))
        }

    return metric


@scorer(metrics=[mean(), by_axis()])  # type: ignore[untyped-decorator]  # inspect-ai is not installed beside mypy
def reading(form: str = "dense", baselines: dict[str, Any] | None = None) -> Scorer:
    """Return the scorer: the answer is read by the benchmark's parser, and held against every labelled axis.

    The value of a sample is its share of labelled axes that are answered rightly. Kappa, intervals and verdicts are
    what ``bench score`` makes of the log.

    Parameters
    ----------
    form : str
        Format of the answer.
    baselines : mapping, optional
        Majority answer by axis.
    """
    majority = unplain(baselines or {})

    async def score(state: TaskState, target: Target) -> Score | None:
        right = RightAnswers(**state.metadata["right"])
        if not right.truth:
            return None
        found = parse(state.output.completion, target_format(form))
        read = right.read_right(found)
        return Score(
            value=sum(read.values()) / len(read),
            answer=json.dumps(found.to_json()["values"]),
            explanation=found.error.message if found.error else "; ".join(found.problems.values()) or None,
            metadata={"read": read, "majority": right.right(majority)},
        )

    return score
