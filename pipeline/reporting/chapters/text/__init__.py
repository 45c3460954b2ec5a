"""Text: whether images show the words of their captions, where each word is attended to, and CLIP in the loss."""
