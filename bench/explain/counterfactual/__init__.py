"""Beats of one recording with parts of another: what must be exchanged until an answer goes."""
