"""The phases of one run: bring up, ready, dials, ramp, hold, drain, tear down."""
