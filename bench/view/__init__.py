"""What a reader is shown, and what it is told: conditions, donors, masks, prompts, and the cases made of them."""

from bench.view.case import Cases, Question, QuestionKey, cases_of
from bench.view.condition import CONDITIONS, CORE, CROSSED, Condition, condition_named
from bench.view.template import template_version
from bench.view.view import View

__all__ = [
    "CONDITIONS",
    "CORE",
    "CROSSED",
    "Cases",
    "Condition",
    "Question",
    "QuestionKey",
    "View",
    "cases_of",
    "condition_named",
    "template_version",
]
