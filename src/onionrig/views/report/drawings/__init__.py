"""What the drawings of reports show: stages that bytes pass, hosts around their switch."""
