"""A data set by name: images, labels and their split."""
