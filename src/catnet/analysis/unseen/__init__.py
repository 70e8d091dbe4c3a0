"""What answers to images that networks have not seen are worth."""
