"""Studies: networks by the thousand, by a plan that is written before anything is run."""
