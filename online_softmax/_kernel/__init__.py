"""The kernel: the mathematics, and the state that it learns."""
