"""Comparisons with buildctl, side by side in one run: what is quoted is ratios, never absolute times."""
