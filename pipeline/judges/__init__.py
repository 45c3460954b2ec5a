"""Frozen networks that score images: features, then statistics, then a number."""
