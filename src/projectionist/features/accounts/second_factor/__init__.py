"""The second step of signing in: a code of an authenticator app, or one of the recovery codes."""
