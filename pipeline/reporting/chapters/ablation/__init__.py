"""Ablation: what each part of the architecture is worth."""
