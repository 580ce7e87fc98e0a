"""What is kept beside backups of the database's files, and how it comes back."""
