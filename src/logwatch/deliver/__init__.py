"""Where it goes: one file per destination."""
