"""Making it run: owned processes, the keeper, the local engine, the phases of a run."""
