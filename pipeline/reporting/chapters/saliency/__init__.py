"""The chapter on saliency maps: what each step looks at, and whether to believe it."""
