"""Data types, geometry, meshes, the hand model and the renderer that all RHOV packages share."""
