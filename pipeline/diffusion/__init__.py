"""The noise process and the networks that undo it."""
