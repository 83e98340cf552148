"""The version of the program. It stands here only; the build, the command line and every result
read it.
"""

__all__ = ["__version__"]

__version__ = "0.2.0.dev0"
