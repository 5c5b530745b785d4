"""The API and the pages of the whole house, as strangers and attackers meet them."""
