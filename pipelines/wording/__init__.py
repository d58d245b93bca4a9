"""What a prompt says, in the words that a model was taught: a resolver, and the tables that it looks into."""
