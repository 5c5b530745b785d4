"""What people show besides their password, as it is kept: apps, recovery codes and passkeys."""
