"""What a function does in a random deep network, before any training."""
