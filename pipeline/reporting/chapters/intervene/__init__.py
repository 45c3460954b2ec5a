"""Intervene: what happens to a subject's images without some steps, skips or blocks."""
