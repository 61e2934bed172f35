"""What every part of the package may use, each thing once."""
