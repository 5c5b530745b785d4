"""Passkeys: keys that a phone, a computer or a stick holds, and that sign somebody in without a password."""
