"""HDF5 files that nobody vouches for, read so that they can do no harm."""
