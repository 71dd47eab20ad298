"""Measures speed and memory of the product against a bare relay in the same run: `python -m bench`."""
