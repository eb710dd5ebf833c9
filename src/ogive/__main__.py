"""``python -m ogive``: the command line."""

from ogive.cli import main

main()
