"""Maps of what moved an answer: the methods that make them, and the figures that tell whether they are true."""
