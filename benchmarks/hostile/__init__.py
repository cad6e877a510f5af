"""Programs that attack the sandbox of code tests, what they would like to reach, and the report."""
