"""The seven experiments that showed vision-language models learning the prior, each to be run again by one command."""
