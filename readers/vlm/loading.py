"""Load the weights of a checked model."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readers.kept_model import KeptModel
from readers.vlm.adapter_file import check_adapter_weights
from readers.vlm.chat import Chat
from readers.vlm.machine import dtype_of, existing_device
from readers.vlm.option import LoadOptions, VlmOptions
from readers.vlm.placement import check_adaptable, check_placement, placement, refusal
from readers.vlm.source import ModelSource, first_line, model_source, processor_of
from taxonomy.error import ReaderError

if TYPE_CHECKING:
    import torch
    from llguidance import LLTokenizer
    from peft import PeftModel
    from transformers import BitsAndBytesConfig, PreTrainedModel


@dataclass(frozen=True, eq=False)
class Vlm:
    """A loaded model, a PreTrainedModel or PeftModel in evaluation mode, with the chat that makes its inputs."""

    source: ModelSource
    model: Any
    chat: Chat
    options: VlmOptions

    @property
    def device(self) -> "torch.device":
        """The device of the inputs; where several hold the model, the first that computes."""
        import torch

        places = dict.fromkeys((getattr(self.model, "hf_device_map", None) or {}).values())
        if not places:
            device: torch.device = self.model.device
            return device
        return torch.device(next((place for place in places if place not in {"cpu", "disk"}), "cpu"))

    @property
    def vocabulary(self) -> int:
        """How many tokens the model gives a score; some of them may be no text."""
        return int(self.model.get_output_embeddings().weight.shape[0])

    @cached_property
    def tokens(self) -> "LLTokenizer":
        """The tokenizer for llguidance, made once: in 1.3 s for 152,000 tokens (Qwen), in 4 s for 262,000 (Gemma)."""
        import llguidance.hf

        return llguidance.hf.from_tokenizer(self.chat.processor.tokenizer, n_vocab=self.vocabulary)


KEPT: KeptModel[Vlm] = KeptModel()
"""The conditions of an ablation and the runs of a job share a model."""


def load_vlm(name: str, options: VlmOptions, adapter: Path | None = None) -> Vlm:
    """Load a model, and keep it for the next call; another one that was kept is let go of first.

    Raises ReaderError when its weights cannot be read or do not fit.
    """
    return KEPT.of((name, options, adapter), lambda: _loaded(name, options, adapter))


def _loaded(name: str, options: VlmOptions, adapter: Path | None) -> Vlm:
    source = model_source(name, options)
    chat = Chat.of(processor_of(source, options), options, source.ends(options))
    model = weights(source, options)
    if adapter is not None:
        return Vlm(source, _with_adapter(model, name, adapter), chat, options)
    return Vlm(source, model.eval(), chat, options)


def _with_adapter(model: "PreTrainedModel", name: str, adapter: Path) -> "PeftModel":
    """Return the model with its adapter; raises ReaderError when the adapter is damaged or another model's."""
    from peft import PeftModel, get_peft_model_state_dict
    from safetensors import SafetensorError

    check_adaptable(model, name)
    try:
        with names_of_transformers_5(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Found missing adapter keys")  # which are an error below
            adapted: PeftModel = PeftModel.from_pretrained(model, str(adapter)).eval()
    except (OSError, ValueError, RuntimeError, TypeError, KeyError, SafetensorError) as error:
        raise ReaderError(f"the adapter {adapter} does not fit {name!r}: {first_line(error)}") from error
    check_adapter_weights(adapter, get_peft_model_state_dict(adapted))
    return adapted


@contextmanager
def names_of_transformers_5() -> Iterator[None]:
    """Silence a warning: peft 0.21 uses a name that transformers 6 will drop."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
        yield


def weights(source: ModelSource, options: LoadOptions) -> "PreTrainedModel":
    """Return the model on its device.

    Raises ReaderError when they cannot be read, or the device does not support the options.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForImageTextToText

    device, placed = existing_device(options), placement(source, options)
    how: dict[str, Any] = {"dtype": dtype_of(options), **placed}
    if options.quantization == "4bit":
        how = {"quantization_config": _four_bits(device), "device_map": {"": device}} | how
    try:
        load: Any = AutoModelForImageTextToText  # typed as if it gave no loading_info
        model, loaded = load.from_pretrained(
            source.name,
            revision=options.revision,
            trust_remote_code=source.runs_own_code,
            use_safetensors=True,
            output_loading_info=True,
            **how,
        )
        if missing := sorted(loaded["missing_keys"]):
            # transformers would give them random values
            raise ReaderError(f"the weights of {source.name!r} lack {len(missing)} tensors, {missing[0]} among them")
        whole: PreTrainedModel = model if "device_map" in how else model.to(device)
        check_placement(whole, source, options)
        return whole
    except torch.OutOfMemoryError as error:
        raise refusal(source, options, placed) from error
    except (OSError, ValueError, RuntimeError, TypeError, KeyError, SafetensorError) as error:
        raise ReaderError(f"the weights of {source.name!r} cannot be loaded: {first_line(error)}") from error


def _four_bits(device: "torch.device") -> "BitsAndBytesConfig":
    """Return the NF4 quantisation of QLoRA (Dettmers et al. 2023)."""
    import importlib.util

    import torch
    from transformers import BitsAndBytesConfig

    if device.type != "cuda" or importlib.util.find_spec("bitsandbytes") is None:
        raise ReaderError("option quantization=4bit needs a GPU and the package bitsandbytes")
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
