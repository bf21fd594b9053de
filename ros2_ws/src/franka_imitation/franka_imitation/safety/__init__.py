"""Checks of a whole motion before anything moves."""
