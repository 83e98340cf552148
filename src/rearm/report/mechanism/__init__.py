"""Pages and terminal text of the mechanism wing: a model's hypothesis, not a test."""

from rearm.report.mechanism.page import mechanism_page, trial_page
from rearm.report.mechanism.terminal import mechanism_text, trial_text

__all__ = ["mechanism_page", "mechanism_text", "trial_page", "trial_text"]
