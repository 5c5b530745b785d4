"""Webhooks: other programs tell that something changed in a library, and it is looked at within seconds."""
