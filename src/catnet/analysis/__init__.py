"""What is made of results: predictions, outcomes and comparisons."""
