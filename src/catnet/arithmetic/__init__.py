"""Arithmetic that gives the same bits everywhere, and the ordinary one to compare it with."""
