"""Pages of the method: definitions, parameters, words, and what the model cannot know."""
