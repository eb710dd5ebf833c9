"""What the activations do inside a model, what is wrong there, and what mends it."""
