"""Executed notebooks with strict parameters, recorded numbers, verification and reruns."""
