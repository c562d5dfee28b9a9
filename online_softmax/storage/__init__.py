"""Storage: bytes that survive. It knows nothing of models."""
