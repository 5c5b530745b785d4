"""The shared vocabulary: what a media server holds, and what it can be asked. No input or output happens here."""
