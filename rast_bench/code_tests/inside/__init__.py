"""Code that runs inside the sandbox; uses only the standard library, nothing of this package."""
