"""The article: what it published, and which seeds show the same."""
