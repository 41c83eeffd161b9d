"""What users want done, as functions a program can call: raises and returns, never prints."""
