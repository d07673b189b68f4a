"""What we know: one record per error, how it is read, and what makes a record a good one."""
