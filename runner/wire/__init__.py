"""The wire contract: message classes and method names generated from proto/, and their codec."""
