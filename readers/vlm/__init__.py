"""Open vision-language models on this machine: any image-text-to-text model of transformers, and adapters."""
