"""What a model learns from: the loss is on the answer alone, and on nothing that no label tells."""

import math
from collections import Counter

import pytest
import torch

from bench.dataset import Cohort
from bench.dataset.ptbxl import PtbXl
from bench.finetune.collator import IGNORED, AnswerCollator
from bench.finetune.example_dataset import as_dataset, as_drawn_dataset
from bench.view import View
from bench.view.example import examples
from readers.vlm.chat import Chat
from readers.vlm.option import LoadOptions
from readers.vlm.source import model_source, processor_of
from taxonomy.error import DatasetError, SettingError
from taxonomy.parsing import parse

from ...physionet import write_folder


@pytest.fixture(scope="module")
def chat(gemma):
    return Chat.of(processor_of(model_source(str(gemma), LoadOptions()), LoadOptions()), LoadOptions())


@pytest.fixture(scope="module")
def some(population):
    return examples(population, "train", View(px_per_mm=2), limit=30)


def taught(chat, batch, row):
    labels = batch["labels"][row]
    return chat.processor.tokenizer.decode(labels[labels != IGNORED])


def test_the_loss_is_on_the_answer_and_the_end_of_the_turn(chat, population):
    (example,) = [examples(population, "train", View(format="flat", px_per_mm=2), limit=1)[0]]
    batch = AnswerCollator(chat)([example])
    assert taught(chat, batch, 0) == example.answer.text + "<end_of_turn>"
    first = int((batch["labels"][0] != IGNORED).nonzero()[0])
    prompt = chat.processor.tokenizer.decode(batch["input_ids"][0, :first])
    assert prompt.endswith("<start_of_turn>model\n")
    assert batch["input_ids"].shape == batch["labels"].shape == batch["token_type_ids"].shape


def test_what_no_label_tells_bears_no_loss_and_the_majority_stands_there(chat, some, population):
    example = next(one for one in (some[i] for i in range(len(some))) if "axis" in one.unknown)
    assert f'"axis": "{population.baselines["axis"]}"' in example.answer.text
    batch = AnswerCollator(chat)([example])
    untold = [example.answer.spans[axis] for axis in example.unknown]
    answer = chat.answer(example.answer.text)
    inside = [i for i, (a, b) in enumerate(answer.offsets) if any(a < end and b > start for start, end in untold)]
    first = batch["labels"].shape[1] - len(answer.ids)
    assert inside and all(batch["labels"][0, first + i] == IGNORED for i in inside)
    others = [i for i in range(len(answer.ids)) if i not in inside]
    assert len(others) > len(inside)
    assert [int(batch["labels"][0, first + i]) for i in others] == [answer.ids[i] for i in others]


def test_rows_of_a_batch_do_not_change_one_another(chat, some, gemma):
    from transformers import AutoModelForImageTextToText

    model = AutoModelForImageTextToText.from_pretrained(gemma).eval()
    collate = AnswerCollator(chat)
    pair = [
        some[0],
        next(one for one in (some[i] for i in range(1, 30)) if len(one.answer.text) != len(some[0].answer.text)),
    ]
    with torch.inference_mode():
        losses = [float(model(**collate([one])).loss) for one in pair]
        counts = [int((collate([one])["labels"] != IGNORED).sum()) for one in pair]
        both = float(model(**collate(pair)).loss)
    expected = sum(loss * count for loss, count in zip(losses, counts, strict=True)) / sum(counts)
    assert math.isclose(both, expected, rel_tol=1e-4)


def test_the_answer_is_the_truth_as_the_parser_reads_it(some):
    for number in range(len(some)):
        example = some[number]
        read = parse(example.answer.text, some.form)
        known = {axis: value for axis, value in example.values.items() if value is not None and axis in read.values}
        assert {axis: read.values[axis] for axis in known} == known


@pytest.mark.slow
def test_the_training_folds_alone_are_taught(population):
    for split in ("train", "val"):
        assert {record.fold for record in examples(population, split, View(), limit=30).records} == {split}


def test_the_training_folds_of_ptbxl_alone_are_taught(population, tmp_path):
    numbers = [record.ecg_id for split in ("train", "val", "test") for record in population.cohort(split, limit=2)]
    table = PtbXl(write_folder(tmp_path, population, numbers, with_signal=numbers))
    assert {record.fold for record in examples(table, "train", View()).records} <= set(range(1, 9))
    assert {record.fold for record in examples(table, "val", View()).records} == {9}


def test_a_split_without_a_label_for_the_format_is_said(population, monkeypatch):
    monkeypatch.setattr(type(population), "cohort", lambda dataset, split, limit: Cohort(dataset, (), split))
    with pytest.raises(DatasetError, match="no record of split 'train'"):
        examples(population, "train", View(format="flat"))


def test_images_beyond_the_context_are_said(chat, population):
    leads = examples(population, "train", View(renderer="leads", px_per_mm=2), limit=1)
    with pytest.raises(SettingError, match=r"\(12 images\) exceeds the model's context of 64: lower px_per_mm"):
        AnswerCollator(chat, 64)([leads[0]])


@pytest.mark.slow
def test_drawn_once_or_each_time_is_the_same(some, tmp_path, monkeypatch):
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path))
    fresh, kept = as_dataset(some), as_drawn_dataset(some, lambda done, total: None)
    again = as_drawn_dataset(some, lambda done, total: pytest.fail("drawn again"))
    for number in (0, 7):
        one, other = fresh[number]["example"], again[number]["example"]
        assert one.answer == other.answer and one.case.prompt == other.case.prompt
        assert (one.case.images[0].rgb() == other.case.images[0].rgb()).all()
    assert len(kept) == len(some)


def test_balanced_drawing_draws_every_value_equally_often():
    from torch.utils.data import WeightedRandomSampler

    from bench.finetune.trainer import balancing_weights

    values = ["normal"] * 900 + ["abnormal"] * 90 + [None] * 10
    weights = balancing_weights(values)
    drawn = WeightedRandomSampler(weights, 3000, generator=torch.Generator().manual_seed(0))
    counts = Counter(values[index] for index in drawn)
    assert abs(counts["normal"] - counts["abnormal"]) < 200
    assert counts[None] < 60
