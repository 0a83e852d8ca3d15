"""The processes of a training and the precision of its steps, which accelerate carries."""

from datetime import timedelta
from typing import TYPE_CHECKING

from readers.resnet1d.config import TrainingConfig
from taxonomy.distribution import install
from taxonomy.error import SettingError

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator

INSTALL = install("train")

PATIENCE = timedelta(days=1)
"""How long the other processes wait for the one that prepares the records: far longer than that takes."""


def launched(config: TrainingConfig) -> "Accelerator":
    """Return accelerate's handle on this process, which may be one of several (``accelerate launch``).

    Raises
    ------
    taxonomy.error.SettingError
        When accelerate is missing, the device lacks the precision, or the processes cannot share a batch evenly.
    """
    try:
        from accelerate import Accelerator, PartialState
        from accelerate.state import AcceleratorState
        from accelerate.utils import DataLoaderConfiguration, parse_flag_from_env
    except ModuleNotFoundError as error:
        raise SettingError(f"a training needs the extra 'train' ({error.name} is missing): {INSTALL}") from error

    here = PartialState(cpu=parse_flag_from_env("ACCELERATE_USE_CPU"), timeout=PATIENCE)
    if config.batch % here.num_processes:
        raise SettingError(f"batch = {config.batch} is not a multiple of {here.num_processes} processes")
    precision = precision_of(config.mixed_precision, here.device)
    # accelerate keeps the first precision of a process for good, and a process may train twice.
    AcceleratorState._reset_state()
    loading = DataLoaderConfiguration(split_batches=True, non_blocking=here.device.type == "cuda")
    return Accelerator(mixed_precision=precision, dataloader_config=loading)


def placement(accelerator: "Accelerator") -> str:
    """Return where a training runs, such as ``"2 processes on cuda, precision bf16"``.

    A launch may start fewer processes than it was asked for: ``accelerate launch --cpu`` always starts one.
    """
    count, precision = accelerator.num_processes, accelerator.mixed_precision
    processes = "1 process" if count == 1 else f"{count} processes"
    return f"{processes} on {accelerator.device.type}, precision {'float32' if precision == 'no' else precision}"


def precision_of(asked: str, device: "torch.device") -> str:
    """Return the precision of the steps: ``"no"`` (float32), ``"bf16"`` or ``"fp16"``.

    Parameters
    ----------
    asked : str
        One of these, which the device must have, or ``"auto"``: bf16 on a CUDA device that has it, fp16 on another
        one, float32 anywhere else (a CPU is slower in bf16).
    device : torch.device

    Raises
    ------
    taxonomy.error.SettingError
        When the device does not have it.
    """
    import torch

    on_gpu = device.type == "cuda"
    has_bf16 = not on_gpu or torch.cuda.is_bf16_supported(including_emulation=False)
    if asked == "auto":
        return ("bf16" if has_bf16 else "fp16") if on_gpu else "no"
    if asked == "fp16" and device.type == "cpu":
        raise SettingError("mixed_precision = 'fp16' needs a GPU, and there is none: take 'no' or 'bf16'")
    if asked == "bf16" and not has_bf16:
        raise SettingError("mixed_precision = 'bf16' is not what this GPU has: take 'fp16' or 'no'")
    return asked
