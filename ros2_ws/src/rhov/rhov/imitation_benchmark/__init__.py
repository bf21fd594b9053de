"""How well a robot repeats motions of many objects: made-up motions, trials in other physics, tables."""
