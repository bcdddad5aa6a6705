"""The programs that move bytes or watch while they move: source, sink, dialler, pinger, sampler."""
