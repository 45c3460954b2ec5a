"""Loss: how each variant learns, and at which noise levels."""
