"""What selecting images by the CLIP judge does to a set."""
