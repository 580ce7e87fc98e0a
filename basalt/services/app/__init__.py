"""The application: API parts behind the edge, workers behind the queues, and the migration before both."""
