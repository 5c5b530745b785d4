"""Services outside, one folder each: client.py makes the calls, wire.py turns their words into ours."""
