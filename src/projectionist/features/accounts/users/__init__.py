"""The people of the house: who they are, how they come in, and what their programs may do for them."""
