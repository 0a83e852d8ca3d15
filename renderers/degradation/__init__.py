"""Pages degraded by known doses: what a scanner, a camera, a printer and a desk do to them."""

from renderers.degradation.degraded import (
    DEGRADATIONS,
    Degradation,
    degradation,
    degradation_names,
    degrade,
    degraded,
    undegraded,
)

__all__ = ["DEGRADATIONS", "Degradation", "degradation", "degradation_names", "degrade", "degraded", "undegraded"]
