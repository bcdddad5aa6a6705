"""Describe the drawings of reports: stages that bytes pass, hosts around their switch."""
