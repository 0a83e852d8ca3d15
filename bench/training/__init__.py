"""Makes the built-in readers from the training split."""
