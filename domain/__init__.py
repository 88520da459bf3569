"""What is true without any software: faces, embeddings, people, matches, decisions, errors."""
