"""Denoisers that are told a sentence, by cross-attention to the text tower of the CLIP judge."""
