"""The methods of black boxes on evidence that is planted: as methods of an open network, and by hard answers."""
