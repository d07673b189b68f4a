"""How we recognise: whole chunks of bytes and a set of rules in, matches out. Pure."""
