"""Parsing: text to numbers and names, without Python."""
