"""The drawn rooms that the shipped weights and their judge know: the world they are measured in.

The richer world in `pipelines.training.scenes` takes their place with the next weights, and this folder goes.
"""
