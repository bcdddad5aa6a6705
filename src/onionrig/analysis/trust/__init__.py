"""Judge whether figures can be trusted: one module for each way in which they can be wrong."""
