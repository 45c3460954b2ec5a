"""diffusion-anatomy: what inside a diffusion model makes its images, and when."""
