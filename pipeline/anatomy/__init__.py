"""Looking inside a denoiser: its parts, what happens without them, and what may be left out."""
