"""basalt: one stack file declares a production topology; `pulumi up` makes it real."""
