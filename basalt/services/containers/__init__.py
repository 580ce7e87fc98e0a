"""What each container uses, and where its limits hold it back."""
