"""Learners: what the container can fit and serve, found by the name in the pipeline's spec."""
