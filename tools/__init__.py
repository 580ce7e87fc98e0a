"""What makes a bare machine able to run basalt; uses nothing but the standard library."""
