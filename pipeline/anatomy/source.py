"""What Prasad et al. 2023 did and found on GLIDE, whose claims are tried here. It needs no torch."""

SOURCE_STEPS, SOURCE_BLOCKS = 100, 16  # of GLIDE, as they sample it
SOURCE_CUTS = [(65, 61, 6), (60, 59, 8), (47, 41, 8), (31, 25, 8)]  # first and last step, nb: their Figure 11
SOURCE_END = 18  # the step whose predicted clean image they take
SOURCE_SSIM = 0.795  # mean over 100 images
SOURCE_LOOSER = 0.06  # their looser threshold, SSIM 0.75 in place of 0.8, on the scale of likeness: 0.05 / (1 - 0.2)
