"""What computes the U-Nets: torch, or OpenVINO on a CPU."""
