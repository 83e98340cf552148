"""A store as a report reads it for others: no product but those of the lexicon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rearm.cohort.outcomes.opened import OpenedStore
from rearm.knowledge.bundle import bundled

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ANOTHER_PRODUCT", "OfListedProducts"]

ANOTHER_PRODUCT = "another product"


class OfListedProducts(OpenedStore):
    """What is entered as a product is free text and may name a person: where it is none of the
    lexicon, it is `another product`.
    """

    def table(self, name: str) -> pl.LazyFrame:
        """All rows of a table."""
        import polars as pl

        found = super().table(name)
        if name not in ("infusions", "patients"):
            return found
        product = pl.col("product")
        listed = product.is_in(list(bundled().lexicon.products)) | product.is_null()
        return found.with_columns(
            pl.when(listed).then(product).otherwise(pl.lit(ANOTHER_PRODUCT)).alias("product")
        )
