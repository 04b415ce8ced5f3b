"""A campaign of kills, stops and spoilt surroundings against a whole stack, judged by effects."""
