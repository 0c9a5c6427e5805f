"""Parts of the training examples: a model made on the spot, a task, a training loop that takes notes, pictures."""
