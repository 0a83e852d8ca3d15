"""Lead names, and the style of a page."""

from dataclasses import dataclass

from taxonomy.error import RenderError

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
"""The order of the leads in every signal."""

ANTIALIASED = "-antialiased"
"""End of the name of a renderer whose pictures keep the shades of grey of the pen's edge."""


@dataclass(frozen=True)
class PageStyle:
    """Scale and pen of a page; all geometry is in millimetres and converted to pixels once.

    Attributes
    ----------
    px_per_mm : int
        Resolution: 6 by default, 8 for print. Whole pixels keep the grid crisp.
    mm_per_s, mm_per_mv : float
        Paper speed and gain (25 and 10 by default: AHA/ACC/HRS 2007 part I, Kligfield et al.; IEC 60601-2-25).
    pen_mm : float
        Width of the trace, 0.25 to 0.4 mm.
    grid : bool
        Draws the millimetre grid on ``stacked`` too; ``printed`` always has it, ``clean`` and ``leads`` never.
    keeps_original : bool
        Pictures keep what they were drawn from, so that a part of one can be drawn again, larger.

    Raises
    ------
    RenderError
        When a value is out of its range.
    """

    px_per_mm: int = 6
    mm_per_s: float = 25.0
    mm_per_mv: float = 10.0
    pen_mm: float = 0.35
    grid: bool = False
    keeps_original: bool = False

    def __post_init__(self) -> None:
        limits = {"px_per_mm": (2, 24), "mm_per_s": (5, 100), "mm_per_mv": (1, 40), "pen_mm": (0.25, 0.4)}
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise RenderError(f"{name} must be between {low} and {high}, not {value}")
        if self.px_per_mm != int(self.px_per_mm):
            raise RenderError(f"px_per_mm must be a whole number, not {self.px_per_mm}")

    @property
    def scale_text(self) -> str:
        """The label of the scale on the page."""
        return f"{self.mm_per_s:g} mm/s   {self.mm_per_mv:g} mm/mV"
