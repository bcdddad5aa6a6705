"""The drawings of reports, as SVG: stages that bytes pass, hosts around their switch."""
