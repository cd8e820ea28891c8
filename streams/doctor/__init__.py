"""What `thalweg doctor` looks at: each check is a function from what was found to findings."""
