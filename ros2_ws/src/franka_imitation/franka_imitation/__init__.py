"""A robot arm that makes an object follow a reconstructed trajectory: simulation, planning, replay."""
