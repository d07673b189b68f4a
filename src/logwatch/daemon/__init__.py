"""The loop and the order of shutdown. It moves what the rooms make; it knows no destination by name."""
