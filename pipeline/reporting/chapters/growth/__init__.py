"""What the variants draw, step by step and over training."""
