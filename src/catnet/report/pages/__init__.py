"""What readers see: reruns, their pages, and how figures look."""
