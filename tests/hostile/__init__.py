"""What strangers and tenants try: the list of all attacks, and the stories that no other room tells."""
