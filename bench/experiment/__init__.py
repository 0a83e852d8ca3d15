"""The seven experiments in which vision-language models learned the prior, each reproducible by one command."""
