"""What the CLIP judge says of the images."""
