"""Bring-up of RHOV: node graph, launch files and the command line."""
