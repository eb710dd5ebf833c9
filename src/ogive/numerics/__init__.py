"""How values are computed: elementary functions for every array kind, and their evaluation."""
