"""Selecting objects: a network that finds the object at a point or in a box."""
