"""Shortcut: what may be left out of a subject's sampling to save time, beside its rivals."""
