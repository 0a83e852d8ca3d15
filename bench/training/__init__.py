"""Making the built-in readers from training folds."""
