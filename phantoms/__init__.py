"""Phantoms: simulated 12-lead ECGs whose truth is known exactly."""
