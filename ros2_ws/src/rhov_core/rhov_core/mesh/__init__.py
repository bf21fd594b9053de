"""Triangle meshes: reading, checking, repairing, symmetries, convex parts. `ObjectModel` puts them together."""
