"""The rendered benchmark as a folder of parquet files that other training frameworks read."""
