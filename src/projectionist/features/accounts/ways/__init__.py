"""Further ways in: identities that other services prove, linked to the accounts of this house."""
