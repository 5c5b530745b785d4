"""Lists of films and shows that are kept at Trakt, TMDb and IMDb."""
