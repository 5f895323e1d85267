"""The container: prepare, train, evaluate, shard and serve, one program for every job and the endpoint."""
