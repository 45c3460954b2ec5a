"""A network of the denoiser's architecture that learns another task on the same images: what each pixel shows."""
