"""A bank of experts under a mixture."""
