"""Search by an index that follows the database; the database's rows decide what is answered."""
