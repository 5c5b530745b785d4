"""OpenID Connect: a provider that says who somebody is."""
