"""What a reader is shown, and what it is told: conditions, masks, donors, prompts, and the cases made of them."""

from bench.view.case import Cases, Question, QuestionKey, cases_of
from bench.view.condition import CONDITIONS, Condition, condition_named
from bench.view.template import template_version
from bench.view.view import View

__all__ = [
    "CONDITIONS",
    "Cases",
    "Condition",
    "Question",
    "QuestionKey",
    "View",
    "cases_of",
    "condition_named",
    "template_version",
]
