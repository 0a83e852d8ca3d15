"""Datasets, runs, scores and the command line of the benchmark."""
