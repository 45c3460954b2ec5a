"""Guidance: what its scale changes, and at which steps class and guidance matter."""
