"""Operations: jobs and schedules, settings, and what this installation is made of."""
