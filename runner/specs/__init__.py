"""Strings with a grammar, each parsed once into a small frozen type that prints itself for BuildKit."""
