"""Models: river's interface over the kernel."""
