"""What a sweep will do, before anything runs: its arms and trials, their configuration and cost."""
