"""What `logwatch check` looks at: one small function per subject, findings out."""
