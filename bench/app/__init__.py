"""The demo: one ECG, what local readers say of it, what moved an answer, and how dangerous a run's errors are.

What it computes is plain frozen data, made without Gradio; ``page`` and ``serving`` alone import that.
"""
