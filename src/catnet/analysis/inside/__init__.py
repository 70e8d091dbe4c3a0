"""What is looked at inside networks: sharpness, spikes, which pixels matter."""
