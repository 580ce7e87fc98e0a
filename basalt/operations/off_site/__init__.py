"""What is kept away from a stack, and how the stack is made again out of it."""
