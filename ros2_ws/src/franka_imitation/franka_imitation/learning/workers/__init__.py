"""Simulators in processes of their own. Nothing here imports the rest of RHOV: it runs under other interpreters."""
