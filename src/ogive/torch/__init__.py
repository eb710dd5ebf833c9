"""The catalogue's functions in a PyTorch model."""
