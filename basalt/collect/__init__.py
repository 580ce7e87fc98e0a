"""What is gathered from every service of a topology. Collectors loop over services and name none."""
