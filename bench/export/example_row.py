"""One row of an export: what is shown, what is asked, what should be answered, and the truth on every axis."""

from typing import TYPE_CHECKING, Any

from bench.view.example import Example
from taxonomy.axis import AXES, NORMALITY
from taxonomy.target import TargetFormat
from taxonomy.writing import written

if TYPE_CHECKING:
    import datasets


def row_features(ids_are_numbers: bool) -> "datasets.Features":
    """Return the columns and their types."""
    import datasets

    text, texts = datasets.Value("string"), [datasets.Value("string")]
    part = {"type": text, "text": text}
    name = datasets.Value("int32") if ids_are_numbers else text
    return datasets.Features(
        {
            "ecg_id": name,
            "patient_id": name,
            "fold": datasets.Value("int8") if ids_are_numbers else text,
            "age": datasets.Value("float32"),
            "sex": text,
            "images": [datasets.Image()],
            "captions": texts,
            "system": text,
            "prompt": text,
            "target": text,
            "messages": [{"role": text, "content": [part]}],
            **{axis.name: texts if axis.is_set else text for axis in (*AXES, NORMALITY)},
        }
    )


def example_row(example: Example, form: TargetFormat) -> dict[str, Any]:
    """Return an example as a row; an axis that no label tells is null, also in the target of a dense answer."""
    case, record, asked = example.case, example.record, example.case.prompt
    assert asked is not None
    target = written(example.values, form).text
    shown = [part for caption in asked.captions for part in (_text(caption), {"type": "image", "text": None})]
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
        "captions": list(asked.captions),
        "system": asked.system,
        "prompt": asked.text,
        "target": target,
        "messages": [
            {"role": "system", "content": [_text(asked.system)]},
            {"role": "user", "content": [*shown, _text(asked.text)]},
            {"role": "assistant", "content": [_text(target)]},
        ],
        **values,
    }


def _text(said: str) -> dict[str, str | None]:
    return {"type": "text", "text": said}
