"""What a sweep trains. Knows nothing of Ray, MLflow or `sweep`."""
