"""Mails to people: written when they are sent, by a job, so that nobody waits for a mail server."""
