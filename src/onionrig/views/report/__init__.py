"""Reports that one looks at: a self-contained page, and its charts as files."""
