"""Whether the image encoder of a model carries what the axes ask for, whatever its language model makes of it."""
