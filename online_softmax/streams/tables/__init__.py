"""Tables: what the formats share, from a file's bytes to rows."""
