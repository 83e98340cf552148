"""Everything drawn or formatted: the page, the terminal report, JSON, pictures, trial datasets."""

from rearm.report.page import page

__all__ = ["page"]
