"""One module for each kind of work: `measure` does it and tells."""
