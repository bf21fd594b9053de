"""Pictures of a rollout."""
