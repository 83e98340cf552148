"""What the report reads of a store: one row a patient, made once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rearm.cohort.outcomes.opened import OpenedStore

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FINDINGS_SHOWN", "Cohort", "is_infused"]

# findings of table 1, as they were before the infusion, and those without which a cause or a target
# can't be judged
FINDINGS_BEFORE = (
    "high_risk_cytogenetics_before_infusion",
    "emd_before_infusion",
    "tp53_biallelic_before_infusion",
    "stage_3_before_infusion",
)
FINDINGS_LOOKED_FOR = (
    "bcma_status",
    "gprc5d_status",
    "fcrh5_percent",
    "tnfrsf17_biallelic_fraction",
    "emd_at_failure",
    "car_peak_height",
    "car_detectable_at_failure",
    "soluble_bcma_at_relapse",
    "t_11_14",
    "del_17p",
    "gain_1q",
    "ecog",
)
FINDINGS_SHOWN = (*FINDINGS_BEFORE, *FINDINGS_LOOKED_FOR)


@dataclass(frozen=True)
class Cohort:
    """A store, and the tables that the report counts from, each made when it is first needed."""

    store: OpenedStore

    @cached_property
    def criteria(self) -> str:
        return self.store.criteria()

    @cached_property
    def patients(self) -> pl.DataFrame:
        """One row a patient, with what became of the first infusion and its first salvage. Columns
        that begin with `first_` are of that infusion.
        """
        import polars as pl

        patients = self.store.table("patients")
        first = self._of_infusion(1).select(
            "patient_id",
            *(pl.col(name).alias(f"first_{name}") for name in _OF_INFUSION),
        )
        found = (
            patients.join(first, on="patient_id", how="left")
            .join(self._lines_before(), on="patient_id", how="left")
            .join(self._salvage(), on="patient_id", how="left")
            .join(self._findings(), on="patient_id", how="left")
            .with_columns(
                first_age=pl.col("age") - (pl.col("infusion_day") - pl.col("first_day")) / 365.25
            )
        )
        return found.sort("patient_id").collect()

    @cached_property
    def infused(self) -> pl.DataFrame:
        """Patients with an answer and a CAR-T infusion; not those of whom nobody says whether the
        product was given.
        """
        import polars as pl

        return self.patients.filter(pl.col("error").is_null(), is_infused())

    @cached_property
    def failed(self) -> pl.DataFrame:
        """Patients whose first infusion failed, or is suspected to have."""
        import polars as pl

        return self.infused.filter(pl.col("first_status").is_in(["failed", "suspected"]))

    @cached_property
    def salvaged(self) -> pl.DataFrame:
        """Patients with a first salvage of a known day after the first infusion."""
        import polars as pl

        return self.infused.filter(pl.col("salvage_day").is_not_null())

    def _of_infusion(self, number: int) -> pl.LazyFrame:
        import polars as pl

        return self.store.table("infusions").filter(
            pl.col("criteria") == self.criteria, pl.col("infusion") == number
        )

    def _lines(self) -> pl.LazyFrame:
        import polars as pl

        return self.store.table("lines").filter(pl.col("criteria") == self.criteria)

    def _lines_before(self) -> pl.LazyFrame:
        """Lines before the first infusion, which is a line itself."""
        import polars as pl

        before = self._lines().filter(pl.col("after_infusion") == 0).group_by("patient_id")
        lines = (pl.len().cast(pl.Int64) - 1).clip(lower_bound=0)
        return before.agg(lines.alias("lines_before"))

    def _salvage(self) -> pl.LazyFrame:
        """The first salvage after the first infusion: its day, strategy and response. A second
        CAR-T is one; its response is that of the infusion.
        """
        import polars as pl

        started = self.store.table("outcomes").filter(
            pl.col("criteria") == self.criteria,
            pl.col("infusion") == 1,
            pl.col("origin") == "salvage",
            pl.col("endpoint") == "OS",
            pl.col("origin_day").is_not_null(),
        ).select("patient_id", pl.col("origin_day").alias("salvage_day"))  # fmt: skip
        lines = (
            self._lines()
            .filter(pl.col("after_infusion") == 1, pl.col("start_low") == pl.col("start_high"))
            .sort("patient_id", "line")
            .group_by("patient_id", pl.col("start_low").alias("salvage_day"), maintain_order=True)
            .agg(pl.col("strategy", "responded", "evaluable", "salvage", "line").first())
        )
        second = self._of_infusion(2).select(
            "patient_id",
            pl.col("day").alias("salvage_day"),
            pl.col("responded").alias("car_t_responded"),
            pl.col("evaluable").alias("car_t_evaluable"),
        )
        own = started.join(lines, on=["patient_id", "salvage_day"], how="left").join(
            second, on=["patient_id", "salvage_day"], how="left"
        )
        by_car_t = pl.col("car_t_evaluable").is_not_null()
        judged = pl.when(by_car_t).then(pl.col("car_t_evaluable"))
        responded = pl.when(by_car_t).then(pl.col("car_t_responded"))
        found = own.select(
            "patient_id",
            "salvage_day",
            pl.col("strategy").alias("salvage_strategy"),
            pl.col("line").alias("salvage_line"),
            judged.otherwise("evaluable").alias("salvage_evaluable"),
            responded.otherwise("responded").alias("salvage_responded"),
        )
        return found.join(self._second_salvage(), on="patient_id", how="left")

    def _second_salvage(self) -> pl.LazyFrame:
        """The next unplanned therapy after the start of the first salvage."""
        import polars as pl

        again = self.store.table("outcomes").filter(
            pl.col("criteria") == self.criteria,
            pl.col("infusion") == 1,
            pl.col("origin") == "salvage",
            pl.col("endpoint") == "TTNT",
            pl.col("status") == "event",
        ).select(
            "patient_id", (pl.col("origin_day") + pl.col("days")).alias("second_salvage_day")
        )  # fmt: skip
        lines = (
            self._lines()
            .filter(pl.col("after_infusion") >= 1, pl.col("start_low") == pl.col("start_high"))
            .sort("patient_id", "line")
            .group_by("patient_id", "start_low", maintain_order=True)
            .agg(pl.col("strategy").first().alias("second_salvage_strategy"))
            .rename({"start_low": "second_salvage_day"})
        )
        return again.join(lines, on=["patient_id", "second_salvage_day"], how="left")

    def _findings(self) -> pl.LazyFrame:
        """The findings that the report shows; those that no patient has are empty."""
        import polars as pl

        frame = self.store.table("findings")
        there = set(frame.collect_schema().names())
        return frame.select(
            "patient_id",
            *(
                (pl.col(name) if name in there else pl.lit(None)).cast(pl.String).alias(name)
                for name in FINDINGS_SHOWN
            ),
        )


def is_infused() -> pl.Expr:
    """Whether a patient of `Cohort.patients` was infused; where nobody says so it does not hold."""
    import polars as pl

    said = pl.col("first_because").ne_missing("perhaps_not_infused")
    return pl.col("first_status").is_not_null() & said


_OF_INFUSION = (
    "day",
    "product",
    "status",
    "because",
    "certainty",
    "kind",
    "timing",
    "failed_low",
    "failed_high",
    "computed_day",
    "team_day",
    "pattern",
    "responded",
    "evaluable",
    "best_response",
    "best_response_computed",
    "best_response_team",
    "followed_to",
    "last_assessed",
)
