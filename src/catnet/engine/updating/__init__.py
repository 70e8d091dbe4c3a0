"""How a stack takes its steps: by strips of the first layer, or in the space of the images."""
