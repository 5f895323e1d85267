"""Blueprints by event source: parse, call a service."""
