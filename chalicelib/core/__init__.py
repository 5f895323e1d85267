"""What is decided and named: pure, no I/O, no clock, no environment, no third party."""
