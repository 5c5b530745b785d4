"""Work that outlives a request and a crash: queues, progress, cancel, pause, schedules, workers, recovery."""
