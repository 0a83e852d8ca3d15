"""Open models read in vLLM's offline engine, on the machine of the run."""
