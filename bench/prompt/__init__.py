"""What a reader is told in words: templates, and what is filled into them."""

from bench.prompt.condition import CONDITIONS, Condition, condition_named
from bench.prompt.prompt import PromptSettings, prompt
from bench.prompt.template import template_version

__all__ = ["CONDITIONS", "Condition", "PromptSettings", "condition_named", "prompt", "template_version"]
