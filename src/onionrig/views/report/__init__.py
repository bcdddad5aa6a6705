"""Make reports to look at: a self-contained page, and its charts as files."""
