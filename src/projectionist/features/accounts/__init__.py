"""Accounts: who may come in, how they sign in, and the setup that makes the first administrator."""
