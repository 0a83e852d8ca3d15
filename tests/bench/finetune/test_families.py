"""The families that people ask about, taught: what bears loss, which images an answer looks at, and a step of LoRA."""

import pytest
import torch

from bench import evaluate
from bench.finetune.collator import IGNORED, AnswerCollator
from bench.finetune.config import finetune_config
from bench.finetune.finetuning import finetune
from bench.progress import Observer
from bench.view import View
from bench.view.example import examples
from readers.registry import reader
from readers.vlm.adapter import read_manifest

from ...tiny.family import FAMILIES, each_family

BRIDGES = {"Qwen3-VL-Thinking": "\n</think>\n\n"}
"""What closes the thought that the prompt begins, where it begins one."""


@pytest.fixture(scope="module")
def some(population):
    return examples(population, "train", View(px_per_mm=2, format="flat"), limit=12)


@pytest.mark.parametrize("name", each_family())
def test_loss_is_on_the_answer_and_its_end_alone(family, some, name):
    chat = reader(f"hf:{family(name)}")._chat
    tokenizer = chat.processor.tokenizer
    pair = [some[0], next(one for one in (some[i] for i in range(1, len(some))) if one.answer != some[0].answer)]
    batch = AnswerCollator(chat)(pair)
    for example, ids, labels in zip(pair, batch["input_ids"], batch["labels"], strict=True):
        borne = labels != IGNORED
        assert tokenizer.decode(labels[borne]) == BRIDGES.get(name, "") + example.answer.text + FAMILIES[name].end
        assert (labels[borne] == ids[borne]).all()
        (own,) = chat.encode([example.case]).tensors["input_ids"]
        first = int(borne.nonzero()[0])
        assert ids[first - len(own) : first].tolist() == own.tolist(), "the answer stands right behind the prompt"
    rows = {name: len(value) for name, value in batch.items() if value.shape[:2] == batch["input_ids"].shape}
    assert {"input_ids", "attention_mask", "labels"} <= rows.keys()


def test_an_answer_of_llama_looks_at_the_images_of_its_prompt(family, some):
    """The mask of the images is as long as prompt and answer; an answer has the row of the prompt's last token."""
    chat = reader(f"hf:{family('Llama-3.2-Vision')}")._chat
    batch, prompts = AnswerCollator(chat)([some[0], some[1]]), chat.encode([some[0].case, some[1].case])
    mask, before = batch["cross_attention_mask"], prompts.tensors["cross_attention_mask"]
    assert mask.shape[:2] == batch["input_ids"].shape
    assert (mask[:, : before.shape[1]] == before).all()
    behind = mask[:, before.shape[1] :]
    assert (behind == before[:, -1:]).all() and behind.sum() > 0


@pytest.mark.parametrize("name", each_family())
def test_rows_of_a_batch_do_not_change_one_another(family, some, name):
    model = reader(f"hf:{family(name)}").loaded().model
    collate = AnswerCollator(reader(f"hf:{family(name)}")._chat)
    pair = [some[0], next(one for one in (some[i] for i in range(1, len(some))) if one.answer != some[0].answer)]
    with torch.inference_mode():
        losses = [float(model(**collate([one])).loss) for one in pair]
        counts = [int((collate([one])["labels"] != IGNORED).sum()) for one in pair]
        both = float(model(**collate(pair)).loss)
    expected = sum(loss * count for loss, count in zip(losses, counts, strict=True)) / sum(counts)
    assert both == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_a_step_of_lora_leaves_an_adapter_that_reads(family, population, tmp_path, name):
    settings = {
        "model": str(family(name)),
        "task": {"format": "binary", "px_per_mm": 2, "limit": 8},
        "lora": {"rank": 2},
        "training": {
            "epochs": 1, "batch": 8, "at_once": 4, "learning_rate": 0.002, "evaluations": 1, "validation": 2,
            "max_tokens": 8, "workers": 0, "patience": 0, "gradient_checkpointing": True,
        },
    }  # fmt: skip
    assert finetune(finetune_config(settings), population, tmp_path / "adapter", Observer(say=lambda text: None))
    assert read_manifest(tmp_path / "adapter").made["steps"] == 1
    found = reader(f"lora:{tmp_path / 'adapter'}", {"max_tokens": "40", "structured": "schema"})
    assert evaluate(found, population.cohort(limit=2)).n == 2
