"""Whether a model's image encoder carries the information of each axis, whatever its language model does with it."""
