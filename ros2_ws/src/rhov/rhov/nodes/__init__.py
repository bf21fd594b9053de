"""The nodes of the bring-up package."""
