"""OMOP CDM 5.4 to rows of the tidy tables: a folder of CSV or Parquet files, a DuckDB file, or
PostgreSQL.
"""
