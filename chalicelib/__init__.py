"""The application: all that ships to Lambda."""
