"""The images: what a labelled set of them is, where the photographs come from, and drawn ones."""
