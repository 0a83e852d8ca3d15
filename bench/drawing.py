"""Records to PNG files, and what vision models see of them."""

from collections.abc import Callable, Sequence
from pathlib import Path

from bench.dataset import Record
from readers.api.model import seen
from renderers import LEADS, PageStyle, blank, render
from taxonomy.error import RunError


def draw_records(
    records: Sequence[Record], names: Sequence[str], style: PageStyle, out: Path, report: Callable[[int, int], None]
) -> int:
    """Draw every record by every renderer named, 500 Hz where it is there; return how many files were written.

    Raises
    ------
    taxonomy.error.RunError
        When the folder cannot be written.
    """
    written = 0
    try:
        out.mkdir(parents=True, exist_ok=True)
        for number, record in enumerate(records, start=1):
            signal = record.signal()
            for name in names:
                for image in render(signal.mv, signal.fs, name, style):
                    lead = f"_{image.leads[0]}" if image.leads != LEADS and len(image.leads) == 1 else ""
                    (out / f"{record.ecg_id:05d}_{name}{lead}.png").write_bytes(image.png())
                    written += 1
            report(number, len(records))
    except OSError as error:
        raise RunError(
            f"{error.filename or out} cannot be written: {error.strerror}; {written} pictures are done"
        ) from error
    return written


def limit_lines(names: Sequence[str], style: PageStyle) -> list[str]:
    """Return what each listed vision model sees of an empty page of each renderer, line by line."""
    lines = []
    for name in names:
        image = blank(name, style)[0]
        width, height = image.size
        lines.append(f"{name}: {width} x {height} px, {image.px_per_mm} px/mm")
        for model in seen(image.size, image.px_per_mm):
            what = f"{model.width} x {model.height} px, {model.px_per_mm:.1f} px/mm, 1 mm grid {model.grid}"
            lines.append(f"  {model.model:<36} {what}" + (f" ({model.over})" if model.over else ""))
    lines.append("Limits as documented in secondary sources of October 2026; verify them before you rely on them.")
    return lines
