"""Engines that count service requests, and what they need to be told."""
