"""Exports the rendered benchmark as parquet files for other training frameworks."""
