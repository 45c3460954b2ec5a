"""Layers: what each layer of the denoiser shows, beside a segmentation network of the same architecture."""
