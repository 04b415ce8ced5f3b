"""Planning of steps that may run in several modes: different duration, demand and consumption."""
