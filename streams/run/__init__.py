"""`thalweg run`: the whole pipeline over files, with an embedded broker, real workers, and a store."""
