"""The site of `make docs`: `python -m website`, from the folder tools."""
