"""Fine-tuning of open vision-language models by LoRA on the training folds, watched by the benchmark's own score."""
