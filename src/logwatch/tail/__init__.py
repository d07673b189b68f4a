"""How we read: find files, know a file again, follow it over rotation. Bytes and positions come out."""
