"""Sets of images in HDF5 files: of one's own, and drawn ones of any number."""
