"""The sheet: one page of paper that a board reads in a minute."""

from rearm.report.sheet.page import sheet

__all__ = ["sheet"]
