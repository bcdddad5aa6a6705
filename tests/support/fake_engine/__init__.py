"""Runs on an engine that is nowhere, in virtual time: they can fail and be cancelled anywhere."""
