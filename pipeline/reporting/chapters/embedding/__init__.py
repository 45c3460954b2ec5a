"""Embedding: what the timestep embedding holds, and what a denoiser makes of a wrong or missing noise level."""
