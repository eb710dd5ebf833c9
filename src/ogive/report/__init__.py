"""The report room: results as tables, JSON, figures and pages. Nothing here needs torch."""
