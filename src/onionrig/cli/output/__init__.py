"""The output of commands: results, reports, and how a refused output is handled."""
