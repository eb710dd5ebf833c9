"""The fair comparison: tables in, training, verdict and store."""
