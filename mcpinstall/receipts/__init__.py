"""What was installed, on what evidence, and how to take it back."""
