"""Everything drawn or formatted: the page, the terminal report, JSON, pictures, trial datasets."""

from rearm.report.assessment.page import page

__all__ = ["page"]
