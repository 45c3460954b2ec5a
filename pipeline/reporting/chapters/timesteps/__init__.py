"""Timesteps: a subject's steps spent in other parts of the process, and when its images show each word."""
