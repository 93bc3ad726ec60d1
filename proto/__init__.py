"""The wire contract in .proto files, and the development tools that work on it."""
