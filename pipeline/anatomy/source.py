"""What Prasad et al. 2023 did and found on GLIDE, whose claims are tried here. It needs no torch."""

SOURCE_STEPS, SOURCE_BLOCKS = 100, 16  # of GLIDE, as they sample it
SOURCE_CUTS = [(65, 61, 6), (60, 59, 8), (47, 41, 8), (31, 25, 8)]  # first and last step, nb: their Figure 11
SOURCE_END = 18  # the step whose predicted clean image they take
SOURCE_SSIM = 0.795  # mean over 100 images
