"""Open vision-language models, read here: any image-text-to-text model of transformers, and adapters for one."""
