"""The tour of the two source texts, and the playground: marimo notebooks and what they compute."""
