"""One row of an export: images, prompt, target answer, and the truth on every axis."""

from typing import TYPE_CHECKING, Any

from bench.dataset import Record, RecordId
from bench.view.example import Example
from taxonomy.axis import AXES, DERIVED
from taxonomy.target import TargetFormat

if TYPE_CHECKING:
    import datasets


def row_features(record: Record) -> "datasets.Features":
    """Return the columns with their types; ids and folds are numbers or text as those of a record."""
    import datasets

    text, texts = datasets.Value("string"), [datasets.Value("string")]
    message_part = {"type": text, "text": text}

    def typed(value: RecordId, number: str) -> datasets.Value:
        return datasets.Value(number) if isinstance(value, int) else text

    return datasets.Features(
        {
            "ecg_id": typed(record.ecg_id, "int32"),
            "patient_id": typed(record.patient_id, "int32"),
            "fold": typed(record.fold, "int8"),
            "age": datasets.Value("float32"),
            "sex": text,
            "images": [datasets.Image()],
            "captions": texts,
            "system": text,
            "prompt": text,
            "target": text,
            "unlabelled": texts,
            "messages": [{"role": text, "content": [message_part]}],
            **{axis.name: texts if axis.is_set else text for axis in (*AXES, *DERIVED)},
        }
    )


def example_row(example: Example, form: TargetFormat) -> dict[str, Any]:
    """Return an example as a row.

    The target is the answer that the prompt asks for; ``unlabelled`` lists the axes of the format on which it says no
    more than the majority value. In an axis's own column, no label is null.
    """
    case, record, prompt = example.case, example.record, example.case.prompt
    assert prompt is not None
    target = example.answer.text
    image_message: dict[str, str | None] = {"type": "image", "text": None}
    shown = [message for caption in prompt.captions for message in (_text(caption), image_message)]
    values = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in example.values.items()}
    return {
        "ecg_id": record.ecg_id,
        "patient_id": record.patient_id,
        "fold": record.fold,
        "age": record.age,
        "sex": record.sex,
        "images": [
            {"bytes": image.png(), "path": f"{record.ecg_id}-{number}.png"} for number, image in enumerate(case.images)
        ],
        "captions": list(prompt.captions),
        "system": prompt.system,
        "prompt": prompt.text,
        "target": target,
        "unlabelled": [axis for axis in form.axes if example.values[axis] is None],
        "messages": [
            {"role": "system", "content": [_text(prompt.system)]},
            {"role": "user", "content": [*shown, _text(prompt.text)]},
            {"role": "assistant", "content": [_text(target)]},
        ],
        **values,
    }


def _text(content: str) -> dict[str, str | None]:
    return {"type": "text", "text": content}
