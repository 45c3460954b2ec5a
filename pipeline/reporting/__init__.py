"""Figures, tables and the Markdown report, rendered from summary.json."""
