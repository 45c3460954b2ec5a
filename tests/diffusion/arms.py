"""The differences from the tiny network that the ablation is made of."""

ARMS = [
    {},
    {"res_blocks": 0},
    {"channels": [8, 16], "res_blocks": 0},
    {"channels": [8, 16], "res_blocks": 0, "projections": True},
    {"skips": False},
    {"time_embedding": False},
    {"class_embedding": False},
    {"learned_variance": True},
    {"skips": False, "time_embedding": False, "class_embedding": False, "learned_variance": True},
    {"channels": [8, 16], "res_blocks": 0, "projections": True, "skips": False, "time_embedding": False},
    {"res_blocks": 0, "attention": [], "class_embedding": False, "learned_variance": True},
]
