"""What Chalice does not make: packaging, the resources to merge, local resources, teardown."""
