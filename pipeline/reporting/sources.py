"""The sources, and what they printed, to stand beside what was measured here."""

from dataclasses import dataclass

ABLATION = "Lu and Li, Visualizing and Understanding Diffusion Models"
MNIST = "Morathi, Diffusion Model Midterm Analysis Report (MNIST)"
FASHION = "Brown, MD Report (Fashion-MNIST)"
TEMPORAL = "Prasad et al., Unraveling the Temporal Dynamics of the Unet in Diffusion Models"
DEEPCACHE = "Ma et al., DeepCache: Accelerating Diffusion Models for Free"
UNCONDITIONED = "Sun et al., Is Noise Conditioning Necessary for Denoising Generative Models?"
VISUAL = "Park et al., Explaining generative diffusion models via visual analysis"
DDIM = "Song et al., Denoising Diffusion Implicit Models"
EDM = "Karras et al., Elucidating the Design Space of Diffusion-Based Generative Models"
GUIDANCE = "Ho and Salimans, Classifier-Free Diffusion Guidance"
INTERVAL = "Kynkäänniemi et al., Applying Guidance in a Limited Interval Improves Sample and Distribution Quality"
SANITY = "Adebayo et al., Sanity Checks for Saliency Maps"
ADVERSARIAL = "Ghorbani et al., Interpretation of Neural Networks is Fragile"
COMPOSING = "Okawa et al., Compositional Abilities Emerge Multiplicatively"
ASKED = "none; this project asks it"


@dataclass(frozen=True)
class Published:
    """A row of Table 1 of Lu and Li, "Visualizing and Understanding Diffusion Models": loss and FID after 100,000
    steps, one run each; data set, sampler, number of samples and intervals are not given."""

    configuration: str
    loss: float
    loss_reduction: float  # percent
    fid: float
    improvement: float  # percent against their baseline, positive is better


PUBLISHED = {
    "baseline": Published("channels_32", 0.00418, 99.58, 84.32, 0.0),
    "wide": Published("channels_64", 0.00086, 99.91, 62.75, 25.6),
    "no_attention": Published("no_attention", 0.00103, 99.90, 118.65, -40.7),
    "res_blocks_0": Published("res_blocks_0", 0.00296, 99.70, 102.51, -21.6),
    "res_blocks_1": Published("res_blocks_1", 0.00359, 99.64, 93.78, -11.2),
}

SOURCE_STARTS = {2: 70, 4: 65, 6: 65, 8: 60}  # nb -> the step of 100 that Figure 9 of Prasad et al. starts at
